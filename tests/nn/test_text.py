"""The text BiLSTM: masking against a hand-written LSTM, and spreading words over seconds."""

import numpy as np
import pytest
import torch

from cmg.nn.text import TextBiLSTM, spread


def lstm(x, state, suffix):
    """One direction of one layer in NumPy: x [L,C] -> [L,H]."""
    w_ih, w_hh, b_ih, b_hh = (state[f"{name}_{suffix}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h, c, out = np.zeros(w_hh.shape[1]), np.zeros(w_hh.shape[1]), []
    for step in x:
        i, f, g, o = np.split(w_ih @ step + b_ih + w_hh @ h + b_hh, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        out.append(h)
    return np.stack(out)


def two_layers(x, state):
    for layer in ("l0", "l1"):
        backward = lstm(x[::-1], state, f"{layer}_reverse")[::-1]
        x = np.concatenate([lstm(x, state, layer), backward], axis=1)
    return x


@pytest.fixture
def sentence():
    """Two sentences of three and five words, padded to six slots, with noise in the padding."""
    torch.manual_seed(0)
    return torch.randn(2, 6, 4, dtype=torch.float64), torch.arange(6) < torch.tensor([3, 5])[:, None]


def test_only_words_are_read_and_they_fill_the_seconds(sentence):
    words, mask = sentence
    net = TextBiLSTM(4, 3).double()
    state = {k: v.numpy() for k, v in net.lstm.state_dict().items()}
    found = net(words, mask, seconds=8).detach().numpy()
    for clip, n in ((0, 3), (1, 5)):
        outputs = two_layers(words[clip, :n].numpy(), state)
        for t in range(8):
            np.testing.assert_allclose(found[clip, t], outputs[t * n // 8], rtol=1e-10)


def test_unmasked_text_reads_the_padding(sentence):
    words, mask = sentence
    net = TextBiLSTM(4, 3, mask_padding=False).double()
    state = {k: v.numpy() for k, v in net.lstm.state_dict().items()}
    np.testing.assert_allclose(net(words, mask).detach()[0], two_layers(words[0].numpy(), state), rtol=1e-10)
    with pytest.raises(ValueError, match="expected 5 slots, found 6"):
        net(words, mask, seconds=5)


def test_padding_does_not_matter_and_an_empty_sentence_is_finite(sentence):
    words, mask = sentence
    net = TextBiLSTM(4, 3).double()
    assert torch.equal(net(words, mask), net(words * mask[..., None], mask))
    assert net(words, mask & False).isfinite().all()
    assert net(words).shape == (2, 6, 6)


def test_lengths_that_are_known_give_what_the_mask_gives(sentence):
    words, mask = sentence
    net = TextBiLSTM(4, 3).double()
    for lengths in ([3, 5], [6, 0]):
        shown = torch.arange(6) < torch.tensor(lengths)[:, None]
        assert torch.equal(net(words, shown, 8, torch.tensor(lengths)), net(words, shown, 8))


def test_spread_keeps_a_full_sentence():
    x = torch.arange(8.0).reshape(2, 4, 1)
    assert torch.equal(spread(x, torch.tensor([4, 4]), 4), x)
    assert spread(x, torch.tensor([2, 3]), 4).flatten().tolist() == [0, 0, 1, 1, 4, 4, 5, 6]


@pytest.mark.parametrize("masked", [True, False])
def test_autocast_leaves_the_lstm_in_the_precision_of_its_weights(masked):
    net, words = TextBiLSTM(4, 3, mask_padding=masked), torch.randn(2, 5, 4)
    expected = net(words)
    with torch.autocast("cpu", torch.bfloat16):
        found = net(words)
    assert found.dtype == torch.float32 and torch.equal(found, expected)


def test_a_sentence_is_the_mean_of_its_words_whatever_the_padding_holds(sentence):
    words, mask = sentence
    for masking in (True, False):  # retrieval packs sentences also where training reads padding
        net = TextBiLSTM(4, 3, mask_padding=masking).double()
        state = {k: v.numpy() for k, v in net.lstm.state_dict().items()}
        found = net.sentence(words, mask).detach().numpy()
        assert found.shape == (2, 1, 6)
        for row, count in enumerate((3, 5)):
            np.testing.assert_allclose(
                found[row, 0], two_layers(words[row, :count].numpy(), state).mean(axis=0), atol=1e-12
            )
