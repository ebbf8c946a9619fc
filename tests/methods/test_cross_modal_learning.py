"""Methods learn codes that mean the same in audio and video: four classes, a few dozen steps, chance is 25 %."""

import pytest
import torch
from torch.nn import functional as F

from cmg.methods import build
from cmg.methods.types import Batch

CLASSES, CLIPS, SECONDS, BATCH = 4, 48, 4, 12
OWN = {"codis": {"momentum": 0.98}}  # a teacher that follows within thirty steps


def clips(seed):
    """Clips with a class pattern in every modality and as much noise; text is the same for all clips of a class."""
    prototypes = torch.Generator().manual_seed(99)
    a, v, t = (torch.randn(CLASSES, n, generator=prototypes) for n in (128, 512, SECONDS * 768))
    g, y = torch.Generator().manual_seed(seed), torch.arange(CLIPS) % CLASSES
    audio = (a[y][:, None] + torch.randn(CLIPS, SECONDS, 128, generator=g)).relu()
    video = (v[y][:, None] + torch.randn(CLIPS, SECONDS, 512, generator=g)).relu()
    video = video[:, :, None, None] * torch.rand(CLIPS, SECONDS, 7, 7, 1, generator=g)
    text = t[y].reshape(CLIPS, SECONDS, 768)
    return Batch(audio, video, text, torch.ones(CLIPS, SECONDS, dtype=torch.bool)), y


def pretrain(method, data, steps, lr=2e-3):
    main = torch.optim.Adam(method.main_parameters(), lr)
    nets = torch.optim.Adam(method.variational_parameters() or [torch.nn.Parameter(torch.zeros(()))], 1e-3)
    g = torch.Generator().manual_seed(0)

    def fit(closure):
        for _ in range(method.inner_steps):
            nets.zero_grad()
            closure().backward()
            nets.step()

    for _ in range(steps):
        rows = torch.randperm(CLIPS, generator=g)[:BATCH]
        batch = Batch(data.audio[rows], data.video[rows], data.text[rows], data.text_mask[rows])
        terms = method.loss(batch, method.draw(g, BATCH, SECONDS), fit)
        main.zero_grad()
        terms.total.backward()
        main.step()
    return method.eval()


def vectors(method, data, modality):
    codes, books = method.encode(modality, getattr(data, modality)), method.codebooks()
    found = [book[codes.indices[..., g]] for g, book in enumerate(books)] or [codes.vectors]
    return F.normalize(torch.cat(found, dim=-1).mean(dim=1), dim=-1)


def transfer(method, train, test, source, target):
    """Accuracy on `target` of unseen clips, of the nearest class mean over the codes of `source`."""
    (seen, y), (unseen, wanted) = train, test
    means = torch.stack([vectors(method, seen, source)[y == c].mean(dim=0) for c in range(CLASSES)])
    return (torch.cdist(vectors(method, unseen, target), means).argmin(dim=1) == wanted).float().mean().item()


@pytest.fixture
def one_thread():
    """Operations this small are slower on several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", ["dcid", "codaar", "micu", "cmcm", "simmmdg", "codis", "turn"])
def test_codes_carry_over_between_audio_and_video(name):
    torch.manual_seed(0)
    sizes = {
        "codebook_size": 48,
        "embedding_dim": 32,
        "feedforward": 64,
        "specific_channels": 4,
        "decoder_channels": 8,
        "text_hidden": 16,
    }
    train, test = clips(1), clips(2)
    method = pretrain(build(name, sizes | OWN.get(name, {})).train(), train[0], steps=30)
    for source, target in (("video", "audio"), ("audio", "video")):
        assert transfer(method, train, test, source, target) > 0.75
