"""The official formats at a tiny size: our sampling loop against the library's pipeline, and what each refuses."""

import logging
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cmg.extract.weights import WeightsError
from cmg.generation import ip_adapter
from cmg.generation.ip_adapter import IPAdapter, Sampling, adapter_state, load_parts, read_parts, with_adapter
from cmg.generation.mapper import Examples, Schedule, fit
from tests.generation import tiny

CPU = torch.device("cpu")
STEPS = 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def generator(folders):
    return IPAdapter(read_parts(*folders), Sampling(STEPS, size=tiny.SIZE), CPU)


@pytest.fixture
def embeddings(draw):
    return draw.normal(size=(3, tiny.WIDTH)).astype(np.float32)


def pipeline(generator, embeddings, seeds):
    """Pictures of the library's own pipeline, one embedding a picture as its documentation has it."""
    from diffusers import StableDiffusionPipeline

    logging.getLogger("diffusers").setLevel(logging.ERROR)
    pipe = StableDiffusionPipeline(
        vae=generator.vae, text_encoder=None, tokenizer=None, unet=generator.unet, scheduler=tiny.scheduler(),
        safety_checker=None, feature_extractor=None, image_encoder=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    wanted = torch.from_numpy(embeddings)
    both = torch.cat([torch.zeros_like(wanted), wanted])[:, None]
    words = {
        name: part[None].expand(len(seeds), -1, -1)
        for name, part in zip(("negative_prompt_embeds", "prompt_embeds"), generator.words, strict=True)
    }
    noise = torch.cat([torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    made = pipe(
        ip_adapter_image_embeds=[both],
        num_inference_steps=STEPS,
        guidance_scale=7.5,
        latents=noise,
        output_type="np",
        **words,
    )
    return np.round(made.images * 255).astype(int)


def test_equal_to_the_pipeline_for_one_picture(generator, embeddings):
    for embedding, seed in zip(embeddings, (5, 6, 7), strict=True):
        assert (
            np.abs(pipeline(generator, embedding[None], [seed]) - generator.generate(embedding[None], [seed])).max()
            <= 1
        )


def test_the_same_for_any_batch_size(generator, embeddings):
    one_by_one = generator.generate(embeddings, [1, 2, 3]).astype(int)
    assert np.abs(generator.sample(torch.from_numpy(embeddings), [1, 2, 3]) - one_by_one).max() <= 1


def test_the_pipeline_still_mixes_the_embeddings_of_a_batch(generator, embeddings):
    """diffusers issue 9813. When this fails the library is mended, and its pipeline may take the place of
    `IPAdapter.sample`."""
    alone, batched = generator.generate(embeddings, [1, 2, 3]).astype(int), pipeline(generator, embeddings, [1, 2, 3])
    assert np.abs(batched - alone).mean() > 2


def test_identical_pictures_for_identical_codes(generator, embeddings):
    made = generator.generate(embeddings[[0, 1, 0, 0]], [9, 9, 9, 8])
    assert (made[0] == made[2]).all() and (made[0] != made[3]).any() and (made[0] != made[1]).any()


def test_embeddings_of_pictures(generator, pictures):
    found = generator.embed(pictures)
    assert found.shape == (3, tiny.WIDTH) and found.dtype == np.float32
    assert (found[1] == generator.embed(pictures[1:2])[0]).all()


def test_diffusion_target_trains_the_mapper_alone(generator, pictures, draw):
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    codes = draw.normal(size=(3, 6)).astype(np.float32)
    schedule = Schedule(2, 2, 1e-2, 16, target="diffusion")
    mapper, less = (
        fit(Examples(codes, generator.embed(pictures), pictures), generator, s, CPU)
        for s in (schedule, Schedule(1, 2, 1e-2, 16, "diffusion"))
    )
    assert any(not torch.equal(a, b) for a, b in zip(mapper.parameters(), less.parameters(), strict=True))
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_official_keys_and_shapes():
    """`ip-adapter_sd15` on the real UNet's shapes: 22,319,616 values."""
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    widths = (
        {n: 320 for n in (1, 3, 25, 27, 29)}
        | {n: 640 for n in (5, 7, 19, 21, 23)}
        | {n: 1280 for n in (9, 11, 13, 15, 17, 31)}
    )
    names = list(unet.attn_processors)
    assert len(names) == 32 and all(names[n].endswith("attn2.processor") for n in widths)
    state = {f"ip_adapter.{n}.to_{side}_ip.weight": torch.empty(out, 768) for n, out in widths.items() for side in "kv"}
    projection = {"proj.weight": (3072, 1024), "proj.bias": (3072,), "norm.weight": (768,), "norm.bias": (768,)}
    state |= {f"image_proj.{name}": torch.empty(shape) for name, shape in projection.items()}
    assert sum(tensor.numel() for tensor in state.values()) == 22_319_616


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_both_forms_of_an_adapter_file(tmp_path, ending):
    flat = tiny.adapter()
    file = tmp_path / f"adapter.{ending}"
    if ending == "bin":
        nested = {
            part: {k.partition(".")[2]: v for k, v in flat.items() if k.startswith(part)}
            for part in ("image_proj", "ip_adapter")
        }
        torch.save(nested, file)
    else:
        save_file(flat, file)
    found = adapter_state(file)
    assert {f"{part}.{k}" for part in found for k in found[part]} == set(flat)
    unet = with_adapter(tiny.unet(), file)
    assert torch.equal(
        unet.encoder_hid_proj.image_projection_layers[0].image_embeds.weight, flat["image_proj.proj.weight"]
    )


def test_other_adapters_are_refused_in_one_line(tmp_path):
    plus = {"image_proj.latents": torch.zeros(1, 16, 8), "ip_adapter.1.to_k_ip.weight": torch.zeros(32, 32)}
    wide = tiny.adapter() | {"image_proj.proj.weight": torch.zeros(100, 80)}
    for number, (state, message) in enumerate(
        [(plus, "another variant"), (wide, "does not fit"), ({"unet.x": torch.zeros(1)}, "expected keys")]
    ):
        file = tmp_path / f"{number}.safetensors"
        save_file(state, file)
        with pytest.raises(WeightsError, match=message) as caught:
            with_adapter(tiny.unet(), file)
        assert "\n" not in str(caught.value) and str(file) in str(caught.value)
    torch.save([1], tmp_path / "list.bin")
    for name, content in (
        ("page.bin", b"<html>"),
        ("empty.bin", b""),
        ("list.bin", None),
        ("page.safetensors", b"<html>" * 40),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=f"{name}: not an adapter file"):
            adapter_state(tmp_path / name)


@pytest.mark.parametrize(
    "part",
    [
        *(
            f"sd/{name}.safetensors"
            for name in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model")
        ),
        *("image_encoder/model.safetensors", "sd/unet/config.json", "sd/tokenizer/tokenizer.json"),
    ],
)
@pytest.mark.parametrize("left", [0.5, 0])
def test_a_damaged_part_is_one_line_that_names_its_folder(folders, tmp_path, part, left):
    shutil.copytree(folders[0].parent, tmp_path / "w")
    damaged = tmp_path / "w" / part
    damaged.write_bytes(damaged.read_bytes()[: int(left * damaged.stat().st_size)])
    with pytest.raises(WeightsError, match="not weights that can be read") as caught:
        read_parts(tmp_path / "w/sd", tmp_path / "w" / folders[1].name, tmp_path / "w/image_encoder")
    assert str(caught.value).startswith(f"{damaged.parent}: ") and "\n" not in str(caught.value)


def test_a_tokenizer_that_says_no_length_is_padded_as_the_model_reads(folders, tmp_path):
    shutil.copytree(folders[0].parent, tmp_path / "w")
    (tmp_path / "w/sd/tokenizer/tokenizer_config.json").unlink()
    found, whole = (
        read_parts(tmp_path / "w/sd", tmp_path / "w" / folders[1].name, tmp_path / "w/image_encoder"),
        read_parts(*folders),
    )
    assert found.prompt.shape == whole.prompt.shape == (1, tiny.WORDS, 32)


def test_missing_weights_are_named_before_anything_is_read(tmp_path):
    with pytest.raises(WeightsError, match="stable-diffusion-v1-5"):
        load_parts(tmp_path, CPU)
    (tmp_path / "stable-diffusion-v1-5").mkdir()
    adapter = tmp_path / ip_adapter.resolve.__globals__["KNOWN"]["ip_adapter_sd15"].file
    adapter.parent.mkdir(parents=True)
    adapter.write_bytes(b"other")
    with pytest.raises(WeightsError, match="expected a sha256"):
        load_parts(tmp_path, CPU)
