"""DCID, `variant: release`, against numbers made by the released code, in float64: forward, losses, codebook."""

import torch

from cmg.methods import build, semantic
from cmg.methods.types import Draws
from cmg.quantizers.codebook import agreement, monitors
from tests.methods.dcid.released_dcid import (
    MODALITIES,
    NO_RESET,
    PERMUTATION,
    buffers,
    released,
    resetting,
    set_buffers,
)
from tests.methods.reference import accuracy_by_prediction, close, load


def encoded_values(method, encoded):
    """One forward under the names of the reference files."""
    hard, indices = encoded.quantized.hard, encoded.quantized.indices
    found = {"text_feature": encoded.x["text"], "video_specific_map": encoded.specific["video"]}
    found |= {f"{m}_specific": encoded.specific[m] for m in ("audio", "text")}
    found |= {"video_specific_club": method._club_pairs(encoded)["video"][1]}
    found |= {f"{m}_semantic": encoded.z[m] for m in MODALITIES} | {f"{m}_vq": hard[m] for m in MODALITIES}
    found |= {f"{m}_indices": indices[m] for m in MODALITIES}
    found |= {
        name.replace("commit_", "") + "_commit": loss
        for name, loss in semantic.commitment(method.config, encoded).items()
    }
    return found | {"cmcm": 0.5 * method._code_matching(encoded), "equal_num": agreement(indices)}


def test_evaluation_forward(dcid, dcid_inputs):
    method, expected = released(dcid).eval(), load(dcid, "eval")
    set_buffers(method.quantizer, expected)
    encoded = method._encode(dcid_inputs, Draws(**NO_RESET))
    close(encoded_values(method, encoded), expected)
    close({f"{m}_vq_downstream": encoded.quantized.straight[m] for m in MODALITIES}, expected)
    kept = torch.ones(400, dtype=torch.bool)
    kept[expected["reset_rows"]] = False  # their sources are not recorded
    after = buffers(method.quantizer)
    close({"embedding": after.pop("embedding_after")[kept]}, {"embedding": expected["embedding_after"][kept]})
    close(after, expected)
    table = method.codebooks()[0]
    for m in MODALITIES:
        features = dcid_inputs.text if m == "text" else getattr(dcid_inputs, m)
        set_buffers(method.quantizer, expected)
        index = method.encode(m, features).indices[..., 0]
        close({f"{m}_indices": index, f"{m}_vq": table[index]}, expected)


def test_training_forward_updates_the_codebook_and_resets(dcid, dcid_inputs):
    method, expected = released(dcid).train(), load(dcid, "train_nodropout")
    set_buffers(method.quantizer, expected)
    encoded = method._encode(dcid_inputs, resetting(expected))
    close(encoded_values(method, encoded), expected)
    close(buffers(method.quantizer), expected)
    found = {f"{m}_recon_loss": loss for m, loss in zip(MODALITIES, reconstruction(method, encoded), strict=True)}
    decoders = load(dcid, "decoder")
    close(found, decoders)
    straight = encoded.quantized.straight
    rebuilt = {m: method.decoders[m](straight[m], encoded.specific[m]) for m in MODALITIES}
    close({f"{m}_reconstruction": rebuilt[m] for m in ("audio", "text")}, decoders)
    close({"video_reconstruction_first_sample": rebuilt["video"][:1]}, decoders, rtol=1e-6, atol=1e-7)
    close({f"{m}_class_logits": method.classifiers[m](straight[m]) for m in MODALITIES}, decoders)


def reconstruction(method, encoded):
    terms = semantic.reconstruction(method.config, method.decoders, encoded)
    return [terms[f"recon_{m}"] for m in MODALITIES]


def test_club(dcid, dcid_inputs):
    method, expected = released(dcid).train(), load(dcid, "club")
    pairs = method._club_pairs(method._encode(dcid_inputs, Draws(**NO_RESET)))
    draws = Draws({m: PERMUTATION for m in MODALITIES})
    for m, (x, y) in ((m, (x.detach(), y.detach())) for m, (x, y) in pairs.items()):
        mu, logvar = method.clubs[m](x)
        close({f"{m}_mu": mu, f"{m}_logvar": logvar}, expected)
        close(
            {
                f"{m}_loglikelihood": method.clubs[m].log_likelihood(x, y),
                f"{m}_mi_estimate": method._club(m, x, y, draws),
            },
            expected,
        )
        optimiser, seen = torch.optim.Adam(method.clubs[m].parameters(), lr=1e-3), []
        for _ in range(5):
            optimiser.zero_grad()
            loss = -method.clubs[m].log_likelihood(x, y)
            loss.backward()
            optimiser.step()
            seen.append(loss.detach())
        close({f"{m}_negative_loglikelihood_5_adam_steps": torch.stack(seen)}, expected)
        close({f"{m}_mi_estimate_after_5_steps": method._club(m, x, y, draws)}, expected)


def test_cross_cpc_at_every_step(dcid, dcid_inputs):
    method, expected = released(dcid).eval(), load(dcid, "cpc")
    z = {m: load(dcid, "train_nodropout")[f"{m}_semantic"] for m in MODALITIES}
    order = [
        ("audio", "video"),
        ("audio", "text"),
        ("video", "text"),
        ("video", "audio"),
        ("text", "audio"),
        ("text", "video"),
    ]
    order += [(m, m) for m in MODALITIES]  # target, context
    for t in range(1, 9):
        close({f"loss_t{t}": method._cpc(z, t)}, expected)
        predictions = {m: method.predictive(m, z[m], t) for m in MODALITIES}
        targets = {m: method.predictive.targets(z[m], t) for m in MODALITIES}
        accuracies = torch.stack([accuracy_by_prediction(predictions[n], targets[m]) for m, n in order])
        close({f"accuracies_t{t}": accuracies}, expected, rtol=1e-6)


def test_codebook_from_the_official_start(dcid):
    expected = load(dcid, "quantizer_fresh_init")
    method = build("dcid", {"variant": "release", "specific_channels": 4, "decoder_channels": 4}).double().train()
    method.quantizer.embedding.copy_(expected["embedding_before"])
    method.quantizer.ema_weight.copy_(expected["embedding_before"])
    z = {m: expected[f"{m}_semantic"] for m in MODALITIES}
    for n in (1, 2, 3):
        quantized = method.quantizer(z, NO_RESET["reset"], NO_RESET["noise"])
        close(buffers(method.quantizer, f"_after_{n}"), expected)
        encoded = type("E", (), {"z": z, "quantized": quantized})
        found = {
            f"{name.split('_')[1]}_commit_{n}": loss
            for name, loss in semantic.commitment(method.config, encoded).items()
        }
        found |= {f"cmcm_{n}": 0.5 * method._code_matching(encoded), f"equal_num_{n}": agreement(quantized.indices)}
        close(found, expected)
        spread = monitors(quantized)  # in float32
        close({f"{m}_perplexity_{n}": spread[f"perplexity_{m}"] for m in MODALITIES}, expected, rtol=1e-6)


def test_two_modalities(dcid):
    expected, warm = load(dcid, "quantizer_audio_video_only"), load(dcid, "train_nodropout")
    method = (
        build("dcid", {"variant": "release", "modalities": "av", "specific_channels": 4, "decoder_channels": 4})
        .double()
        .train()
    )
    set_buffers(method.quantizer, warm)
    method.quantizer.unactivated_count.zero_()
    z = {m: warm[f"{m}_semantic"] for m in ("audio", "video")}
    quantized = method.quantizer(z, NO_RESET["reset"], NO_RESET["noise"])
    encoded = type("E", (), {"z": z, "quantized": quantized})
    close(
        {name.split("_")[1] + "_commit": v for name, v in semantic.commitment(method.config, encoded).items()}, expected
    )
    close({"cmcm": 0.5 * method._code_matching(encoded), **{f"{m}_vq": quantized.hard[m] for m in z}}, expected)
    close(buffers(method.quantizer), expected)


def test_float32_stays_close_on_a_warm_codebook(dcid, dcid_inputs):
    method, expected = released(dcid).eval(), load(dcid, "eval")
    set_buffers(method.quantizer, expected)
    found = encoded_values(method.float(), method._encode(dcid_inputs.to(torch.float32), Draws(**NO_RESET)))
    close(found, expected, rtol=1e-4, atol=1e-4)


def test_number_of_encoder_parameters():
    """As counted for the release, whose temporal modules also hold an untrained template layer of 789,760 parameters
    each."""
    with torch.device("meta"):
        method = build("dcid", {"variant": "release"})
    modules = (method.encoder.pool, method.encoder.temporal, method.specific, method.video_projection)
    assert sum(p.numel() for module in modules for p in module.parameters()) == 80_123_649 - 3 * 789_760
