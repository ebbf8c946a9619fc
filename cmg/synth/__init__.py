"""The sample corpus: real media files and annotation files in the official layouts, deterministic under a seed.

Layout under `data/sample/<dataset>/` (each root also holds `SAMPLE.json`: specification, counts, deliberate damage):

    vggsound_avel/  vggsound-avel40k.csv               category,video_id,split (header, LF)
                    vggsound-avel50k_labels.json       [{id: {category: [0 or 1 per second]}}, ...]
                    vggsoundCategories2Prompts.csv     label,prompt (header, LF)
                    video/<11-character id>.mp4
    ave/            Annotations.txt                    Category&VideoID&Quality&StartTime&EndTime (header, LF)
                    trainSet.txt valSet.txt testSet.txt   the same columns, no header
                    AVE/<11-character id>.mp4
    avvp/           AVVP_dataset_full.csv AVVP_train.csv AVVP_val_pd.csv AVVP_test_pd.csv
                                                       filename, event_labels (tabs, header, LF)
                    AVVP_eval_audio.csv AVVP_eval_visual.csv   filename, onset, offset, event_labels (tabs, header, LF)
                    video/<filename>.mp4               filename = <11-character id>_<start>_<end>
    ucf101/         ucfTrainTestlist/classInd.txt      official numbers of the classes present (CRLF)
                    ucfTrainTestlist/trainlist01..03.txt testlist01..03.txt   (CRLF)
                    UCF-101/<Class>/v_<Class>_gXX_cYY.avi
    clotho/         clotho_captions_<part>.csv         file_name,caption_1,…,caption_5 (header, LF)
                    <part>/<file name>.wav             part = development, validation, evaluation
    mscoco/         annotations/captions_val2017.json  info, licenses, images, annotations
                    val2017/<12 digits>.jpg
    flickrsound/    frames/<id>.jpg audio/<id>.wav
                    captions.csv                       id,caption (header, LF)
    valor32k/       desc_{train,val,test}.json         [{video_id, desc}, ...]
                    video/<video_id>.mp4               video_id = <11-character id>_<start>.000_<end>.000
    avsbench_s4/    Single-source/s4_meta_data.csv     name,start,category,split (header, LF)
                    Single-source/s4_data/{visual_frames,gt_masks}/<split>/<category>/<name>/<name>_<1..5>.png
                    Single-source/s4_data/audio_wav/<split>/<category>/<name>.wav
    celeba_hq/      CelebA-HQ-img/<n>.jpg

Where to look: `spec.py` what can be chosen, `concepts.py` the classes,
`avel.py ave.py avvp.py ucf101.py clotho.py mscoco.py flickr.py valor.py s4.py celeba.py` what each dataset lists,
`captions.py` the sentences, `picture.py sound.py` what a clip shows and plays, `media.py` and `encode.py` the files,
`corpus.py` the whole.
"""

from cmg.synth.corpus import CorpusSummary, generate, plan
from cmg.synth.spec import DATASETS, CorpusSpec, Split

__all__ = ["DATASETS", "CorpusSpec", "CorpusSummary", "Split", "generate", "plan"]
