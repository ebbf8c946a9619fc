import numpy as np
import pytest
import torch

from cmg.datasets.clips import Clip
from cmg.extract import weights
from cmg.extract.bert import Network, Recipe, random_bert, tasks
from cmg.extract.recipes import RecipeError
from cmg.extract.sentences import make_vocabulary, unique_sentences, words_of
from cmg.media.failure import MediaFailure

CPU = torch.device("cpu")
SENTENCES = [
    "A dog barks loudly",
    "the church bell rings, slowly",
    "one two three four five six seven eight nine ten eleven twelve",
]


@pytest.fixture(scope="module")
def network():
    return Network(Recipe(weights="random"), None, CPU, SENTENCES)


def hidden(network, sentence):
    """Last layer of one unpadded sentence, without [CLS] and [SEP]."""
    encoded = network.tokenizer(sentence, return_tensors="pt")
    with torch.inference_mode():
        return network.model(input_ids=encoded["input_ids"]).last_hidden_state[0, 1:-1]


def embed(network, *sentences):
    return network([(place, network.decode(sentence)) for place, sentence in enumerate(sentences)])


def test_whole_words_are_their_own_vectors(network):
    found = embed(network, SENTENCES[0])
    assert found.valid == [4] and found.features.shape == (1, 10, 768) and found.features.dtype == torch.float32
    np.testing.assert_allclose(found.features[0, :4], hidden(network, SENTENCES[0]), atol=1e-5)
    assert not found.features[0, 4:].any()


def test_pieces_of_a_split_word_are_averaged(network):
    sentence = "a god barks"  # "god" is spelt g ##o ##d
    assert network.tokenizer.tokenize(sentence) == ["a", "g", "##o", "##d", "barks"]
    found, pieces = embed(network, sentence), hidden(network, sentence)
    assert found.valid == [3]
    np.testing.assert_allclose(found.features[0, 1], pieces[1:4].mean(0), atol=1e-5)
    np.testing.assert_allclose(found.features[0, 2], pieces[4], atol=1e-5)


def test_pieces_can_be_kept_apart():
    network = Network(Recipe(weights="random", units="pieces"), None, CPU, SENTENCES)
    found = embed(network, "a god barks")
    assert found.valid == [5]
    np.testing.assert_allclose(found.features[0, :5], hidden(network, "a god barks"), atol=1e-5)


def test_ten_words_at_most(network):
    found = embed(network, SENTENCES[2])
    assert found.valid == [10]
    np.testing.assert_allclose(found.features[0], hidden(network, SENTENCES[2])[:10], atol=1e-5)


def test_the_whitelist_keeps_whole_known_words_only():
    ids = Network(Recipe(weights="random"), None, CPU, SENTENCES).tokenizer.convert_tokens_to_ids(
        ["dog", "barks", "g", "##o", "##d", "[UNK]"]
    )
    network = Network(Recipe(weights="random", vocabulary=tuple(ids)), None, CPU, SENTENCES)
    found = embed(network, "a dog ☃ god barks")
    assert found.valid == [2]
    pieces = network.tokenizer.tokenize("a dog ☃ god barks")
    expected = hidden(network, "a dog ☃ god barks")[[pieces.index("dog"), pieces.index("barks")]]
    np.testing.assert_allclose(found.features[0, :2], expected, atol=1e-5)
    with pytest.raises(MediaFailure, match="no word"):
        network.decode("slowly")


def test_a_sentence_gives_the_same_bytes_whatever_its_neighbours(network):
    alone = network([(1, network.decode(SENTENCES[1]))]).features[0]
    together = embed(network, *SENTENCES).features[1]
    assert alone.numpy().tobytes() == together.numpy().tobytes()


def test_each_sentence_is_one_task_in_order_of_first_appearance():
    clips = [
        Clip(0, "a", captions=("x y", "z")),
        Clip(1, "b", captions=("z", " ")),
        Clip(2, "c", captions=("x y", "w")),
    ]
    assert unique_sentences(clips) == ["x y", "z", " ", "w"]
    found = tasks(clips, None, Recipe(weights="random"))
    assert [task.row for task in found] == [0, 1, 2, 3]
    assert [task.spec for task in found if isinstance(task.spec, str)] == ["x y", "z", "w"] and found[
        2
    ].spec.kind == "empty"


def test_vocabulary_spells_every_sentence(network):
    assert words_of("It's Rain_y, café!") == ["it", "'", "s", "rain", "_", "y", ",", "cafe", "!"]
    vocabulary = make_vocabulary(SENTENCES)
    assert vocabulary[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] and len(set(vocabulary)) == len(vocabulary)
    assert all("[UNK]" not in network.tokenizer.tokenize(sentence) for sentence in SENTENCES)


def test_random_weights_are_the_seed_whatever_the_sentences(network):
    assert Network(Recipe(weights="random"), None, CPU, SENTENCES).digest == network.digest
    assert Network(Recipe(weights="random", seed=1), None, CPU, SENTENCES).digest != network.digest
    assert Network(Recipe(weights="random"), None, CPU, SENTENCES[:2]).digest == network.digest


def test_a_random_word_has_the_same_vector_whatever_the_other_sentences():
    """Sentences of two datasets, each with its own vocabulary; a word is rare in one of them."""
    rare = "A café-goer’s dog barks"
    crowd = [f"word{number} word{number}" for number in range(5000)]
    one, other = (Network(Recipe(weights="random"), None, CPU, [*others, rare]) for others in (SENTENCES, crowd))
    assert one.digest == other.digest and "##" not in "".join(other.tokenizer.tokenize(rare))
    assert embed(one, rare).features.numpy().tobytes() == embed(other, rare).features.numpy().tobytes()


def test_a_whitelist_of_entries_belongs_to_its_vocabulary():
    recipe = Recipe(weights="random", vocabulary=(40, 41))
    assert Network(recipe, None, CPU, SENTENCES).digest != Network(recipe, None, CPU, SENTENCES[:2]).digest


def test_trained_weights_come_from_a_folder(tmp_path, network):
    with pytest.raises(weights.WeightsError, match="bert-base-uncased not found"):
        Network(Recipe(), tmp_path, CPU, SENTENCES)
    tokenizer, model = random_bert(SENTENCES, 0)
    folder = tmp_path / "bert-base-uncased"
    model.save_pretrained(folder)
    with pytest.raises(weights.WeightsError, match="vocab.txt is missing"):
        Network(Recipe(), tmp_path, CPU, SENTENCES)
    (folder / "vocab.txt").write_text("\n".join(make_vocabulary(SENTENCES)) + "\n")
    trained = Network(Recipe(), tmp_path, CPU, [])
    assert len(trained.digest) == 64 and trained.digest != network.digest
    assert torch.equal(embed(trained, SENTENCES[0]).features, embed(network, SENTENCES[0]).features)
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:999])
    with pytest.raises(weights.WeightsError, match="bert-base-uncased: not weights that can be read"):
        Network(Recipe(), tmp_path, CPU, [])


def test_impossible_recipes_are_refused():
    for wrong in ({"weights": "gpt"}, {"words": 0}, {"units": "letters"}, {"max_pieces": 600}):
        with pytest.raises(RecipeError):
            Recipe(**wrong)
