"""FCID: CPC, CLUB and InfoNCE written out in NumPy, in the forms of both variants."""

import numpy as np
import pytest
import torch

from cmg.losses.club import club_bound
from cmg.methods import build
from cmg.methods.types import Draws

FINE = ("video", "audio")
RESET = Draws(reset=torch.zeros(12))


def array(x):
    return x.detach().numpy()


PRINTED = {"club_features": "sum", "club_units": "given", "club_floor": False}


@pytest.fixture(
    params=[{"variant": "paper"}, {"variant": "paper", **PRINTED}, {"variant": "release"}],
    ids=["paper", "printed", "release"],
)
def forward(request, small, batch):
    """A method, and what its forward makes of the batch."""
    torch.manual_seed(0)
    method = build("fcid", {**small, "specific_channels": 16, "dropout": 0.0, **request.param}).double().train()
    return method, method(batch.to(torch.float64), RESET)


def negative_log_softmax(scores):
    """-mean_i log softmax_j(scores_ij) at j = i."""
    return -np.mean(np.diag(scores) - np.log(np.exp(scores).sum(axis=1)))


def test_cpc_predicts_the_other_modality(forward):
    """Eq. 13: o_t of one modality predicts f_(t+1) of the other; released, with the roles swapped and self terms of
    weight 0.1."""
    method, x = forward
    released, total = method.config.variant == "release", 0.0
    for source in FINE:
        context = array(method.predictive.lstm[source](x.fine[source][:, :3])[0])[:, -1]
        linear = method.predictive.predictors[source][0]
        prediction = context @ array(linear.weight).T + (array(linear.bias) if released else 0.0)
        for target in FINE:
            scores = prediction @ array(x.fine[target])[:, 3].T
            weight = 1.0 if source != target else 0.1 * released
            total += weight * negative_log_softmax(scores.T if released else scores)
    assert method._cpc(x.fine, 2).item() == pytest.approx(total, rel=1e-9)


def expected_pairs(method, forward):
    """x and y of each CLUB net."""

    def of(streams, part):
        return np.concatenate([array(getattr(forward.coarse[s], part)) for s in streams])

    positions = array(forward.specific["video"]).mean(axis=(2, 3))
    if method.config.variant == "paper":
        inputs, video = ["audiovisual"], positions
    else:
        first, last = (method.video_projection.layers[i] for i in (0, 2))
        hidden = np.maximum(positions @ array(first.weight).T + array(first.bias), 0)
        inputs, video = ["video", "audio"], hidden @ array(last.weight).T + array(last.bias)
    text, merged = ((of(names, "general"), of(names, "specific")) for names in (["text"], inputs))
    if method.config.variant == "release":  # one vector per clip
        merged = tuple(x[:, 0] for x in merged)
    pairs = {
        "audio": (array(forward.fine["audio"]), array(forward.specific["audio"])),
        "video": (array(forward.fine["video"]), video),
        "text": tuple(x[:, 0] for x in text),
        "audiovisual": merged,
    }
    return {name: (x, standard(y) if method.config.club_units == "unit" else y) for name, (x, y) in pairs.items()}


def standard(y):
    """Every vector at mean 0 and variance 1 over its features (with the usual 1e-5 under the root)."""
    return (y - y.mean(axis=-1, keepdims=True)) / np.sqrt(y.var(axis=-1, keepdims=True) + 1e-5)


def test_club_nets_see_general_features_as_x_and_specific_ones_as_y(forward):
    method, x = forward
    found, expected = method.clubs.taken(x.pairs), expected_pairs(method, x)
    assert found.keys() == expected.keys()
    for name, pair in expected.items():
        for side, value in zip(found[name], pair, strict=True):
            np.testing.assert_allclose(array(side), value, rtol=1e-10, atol=1e-12, err_msg=name)


def mean_and_variance(net, x):
    """The two networks of a CLUB net layer by layer."""
    results = []
    for part in (net.p_mu, net.p_logvar):
        linear = [layer for layer in part if isinstance(layer, torch.nn.Linear)]
        h = x
        for n, layer in enumerate(linear):
            h = h @ array(layer.weight).T + array(layer.bias)
            h = np.maximum(h, 0) if n < len(linear) - 1 else h
        results.append(h)
    return results[0], np.tanh(results[1])


def all_pairs(mu, logvar, y):
    """Eqs. 12 and 15: mean over i, t of log q(y_it|x_it) - mean_j log q(y_jt|x_it)."""
    scores = [-0.5 * ((mu - y[[j]]) ** 2 / np.exp(logvar)).sum(axis=-1) for j in range(len(y))]
    own = -0.5 * ((mu - y) ** 2 / np.exp(logvar)).sum(axis=-1)
    return (own - np.mean(scores, axis=0)).mean()


def released(mu, logvar, y, permutation):
    """Squared errors and log-variances averaged over axis 1 on their own, summed over the last axis that is left."""
    variance = np.exp(logvar.mean(axis=1))
    gap = ((mu - y[permutation]) ** 2).mean(axis=1) - ((mu - y) ** 2).mean(axis=1)
    return 0.5 * (gap / variance).sum(axis=-1).mean()


@pytest.mark.parametrize("name", ["audio", "video", "text", "audiovisual"])
def test_club_estimate(forward, name):
    method, made = forward
    x, y = expected_pairs(method, made)[name]
    permutation = np.random.default_rng(3).permutation(len(x))
    mu, logvar = mean_and_variance(method.clubs[name], x)
    paper = method.config.variant == "paper"
    expected = all_pairs(mu, logvar, y) if paper else released(mu, logvar, y, permutation)
    if method.config.club_features == "mean":
        expected = max(0, expected / y.shape[-1])
    pair = method.clubs.taken(made.pairs)[name]
    draws = Draws({name: torch.from_numpy(permutation)})
    assert method.clubs.bound(name, *pair, draws).item() == pytest.approx(expected, rel=1e-8)


def test_infonce(forward):
    """Eq. 16 on time means, both directions, averaged over three inputs; released: video and audio to text, summed."""
    method, x = forward
    means = {n: array(seen).mean(axis=1) for n, seen in x.seen.items()}
    unit = {n: x / np.linalg.norm(x, axis=1, keepdims=True) for n, x in means.items()}

    def nce(query, key, tau):
        return negative_log_softmax(unit[query] @ unit[key].T / tau)

    if method.config.variant == "paper":
        expected = sum(nce(n, "text", 0.1) + nce("text", n, 0.1) for n in ("audiovisual", "video", "audio")) / 3
    else:
        expected = nce("video", "text", 0.1) + nce("audio", "text", 0.1)
    assert method._infonce(x.seen).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["video", "text"])
def test_the_axis_of_clip_level_club_is_an_option(small, batch, name):
    """Over seconds, the released estimate of one vector per clip is that of one permutation; sequences are not
    concerned."""
    torch.manual_seed(0)
    options = {**small, "specific_channels": 16, "dropout": 0.0, "variant": "release"}
    methods = {
        axis: build("fcid", {**options, "club_clip_axis": axis}).double().eval() for axis in ("seconds", "features")
    }
    methods["seconds"].load_state_dict(methods["features"].state_dict())
    x, draws, found = batch.to(torch.float64), Draws({name: torch.tensor([1, 2, 3, 0])}), {}
    for axis, method in methods.items():
        pair = method.clubs.taken(method(x, RESET).pairs)[name]
        found[axis] = method.clubs.bound(name, *pair, draws)
    sampled = club_bound("sampled", method.clubs[name], *pair, draws.permutations[name])
    assert torch.isclose(found["seconds"], sampled, rtol=1e-12) == (name == "text")
    assert torch.equal(*found.values()) == (name == "video")
