"""The sample corpus: real media files and annotation files in the official layouts, deterministic under a seed.

Layout under `data/sample/<dataset>/` (each root also holds `SAMPLE.json`: specification, counts, deliberate damage):

    vggsound_avel/  vggsound-avel40k.csv               category,video_id,split (header, LF)
                    vggsound-avel50k_labels.json       [{id: {category: [0 or 1 per second]}}, ...]
                    vggsoundCategories2Prompts.csv     label,prompt (header, LF)
                    video/<11-character id>.mp4
    ave/            Annotations.txt                    Category&VideoID&Quality&StartTime&EndTime (header, LF)
                    trainSet.txt valSet.txt testSet.txt   the same columns, no header
                    AVE/<11-character id>.mp4
    avvp/           AVVP_dataset_full.csv AVVP_train.csv AVVP_val_pd.csv AVVP_test_pd.csv   filename, event_labels (tabs, header, LF)
                    AVVP_eval_audio.csv AVVP_eval_visual.csv   filename, onset, offset, event_labels (tabs, header, LF)
                    video/<filename>.mp4               filename = <11-character id>_<start>_<end>
    ucf101/         ucfTrainTestlist/classInd.txt      official numbers of the classes present (CRLF)
                    ucfTrainTestlist/trainlist01..03.txt testlist01..03.txt   (CRLF)
                    UCF-101/<Class>/v_<Class>_gXX_cYY.avi

Where to look: `spec.py` what can be chosen, `concepts.py` the classes, `avel.py ave.py avvp.py ucf101.py` what each dataset
lists, `picture.py sound.py` what a clip shows and plays, `encode.py` the files, `corpus.py` the whole.
"""

from cmg.synth.corpus import CorpusSummary, generate, plan
from cmg.synth.spec import DATASETS, CorpusSpec, Split

__all__ = ["DATASETS", "CorpusSpec", "CorpusSummary", "Split", "generate", "plan"]
