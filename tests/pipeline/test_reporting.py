"""Which published numbers stand beside a run."""

from pipeline.reporting import pretraining
from tests.parameters import shipped


def test_published_numbers_are_those_of_the_list_that_was_trained_on():
    assert pretraining(shipped()) == "40k"
    assert pretraining(shipped(datasets={"vggsound_avel": {"source": "raw", "version": "90k"}})) == "90k"
