import re
from dataclasses import is_dataclass
from pathlib import Path

import pytest

import cmg.datasets
from cmg.datasets.listing import Listing
from cmg.datasets.readers import index_dataset, reader
from cmg.registry import DATASETS


@pytest.mark.parametrize("name", DATASETS)
def test_every_reader_has_options_and_an_index_function(name):
    module = reader(name)
    assert is_dataclass(module.Options) and callable(module.index)
    assert module.Options() == module.Options()


def test_unknown_datasets_and_options_name_the_nearest(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'ucf101'"):
        reader("ucf-101")
    with pytest.raises(ValueError, match="dataset vggsound_avel: unknown option 'versoin' .did you mean 'version'"):
        index_dataset("vggsound_avel", tmp_path, Listing(()), {"versoin": "40k"})


def test_this_room_knows_no_models():
    files = list(Path(cmg.datasets.__file__).parent.glob("*.py"))
    imported = {
        name.split(".")[0]
        for file in files
        for name in re.findall(r"^(?:from|import) (\S+)", file.read_text(), re.MULTILINE)
    }
    assert len(files) > len(DATASETS) and "pyarrow" in imported
    assert not imported & {"torch", "torchvision", "torchaudio", "transformers"}
