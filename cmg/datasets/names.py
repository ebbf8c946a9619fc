"""Class orders and class maps of the field, as names. Tests compare them with the official files where at hand."""

# Order of first appearance in AVE's Annotations.txt; index 28 is background.
AVE_CLASSES = (
    "Church bell", "Male speech, man speaking", "Bark", "Fixed-wing aircraft, airplane", "Race car, auto racing",
    "Female speech, woman speaking", "Helicopter", "Violin, fiddle", "Flute", "Ukulele", "Frying (food)", "Truck",
    "Shofar", "Motorcycle", "Acoustic guitar", "Train horn", "Clock", "Banjo", "Goat", "Baby cry, infant cry", "Bus",
    "Chainsaw", "Cat", "Horse", "Toilet flush", "Rodents, rats, mice", "Accordion", "Mandolin",
)  # fmt: skip

# Order used by the AVVP release; index 25 is background where a protocol has one.
AVVP_CLASSES = (
    "Speech", "Car", "Cheering", "Dog", "Cat", "Frying_(food)", "Basketball_bounce", "Fire_alarm", "Chainsaw", "Cello",
    "Banjo", "Singing", "Chicken_rooster", "Violin_fiddle", "Vacuum_cleaner", "Baby_laughter", "Accordion",
    "Lawn_mower", "Motorcycle", "Helicopter", "Acoustic_guitar", "Telephone_bell_ringing", "Baby_cry_infant_cry",
    "Blender", "Clapping",
)  # fmt: skip

# The same 25 classes in the order of the CMG family (AVVP_Categories.txt there).
AVVP_CLASSES_CMG = (
    "Fire_alarm", "Accordion", "Frying_(food)", "Baby_laughter", "Speech", "Helicopter", "Banjo", "Chainsaw",
    "Violin_fiddle", "Acoustic_guitar", "Car", "Dog", "Baby_cry_infant_cry", "Cat", "Cheering", "Cello", "Lawn_mower",
    "Vacuum_cleaner", "Clapping", "Telephone_bell_ringing", "Chicken_rooster", "Motorcycle", "Singing",
    "Basketball_bounce", "Blender",
)  # fmt: skip

# AVE class -> AVVP class, in the index order of the AVE->AVVP task (12 shared classes; index 12 is background).
AVE_TO_AVVP = {
    "Bark": "Dog",
    "Race car, auto racing": "Car",
    "Helicopter": "Helicopter",
    "Violin, fiddle": "Violin_fiddle",
    "Frying (food)": "Frying_(food)",
    "Motorcycle": "Motorcycle",
    "Acoustic guitar": "Acoustic_guitar",
    "Banjo": "Banjo",
    "Baby cry, infant cry": "Baby_cry_infant_cry",
    "Chainsaw": "Chainsaw",
    "Cat": "Cat",
    "Accordion": "Accordion",
}

# UCF101 class -> VGGSound class, the 16 pairs the papers intend; `labels.really_shared` says which both indexes hold.
UCF_TO_VGGSOUND = {
    "PlayingGuitar": "playing acoustic guitar",
    "PlayingCello": "playing cello",
    "Skiing": "skiing",
    "TableTennisShot": "playing table tennis",
    "Typing": "typing on typewriter",
    "JumpRope": "rope skipping",
    "FrisbeeCatch": "playing frisbee",
    "PlayingFlute": "playing flute",
    "PlayingPiano": "playing piano",
    "Basketball": "basketball bounce",
    "Bowling": "bowling impact",
    "PlayingSitar": "playing sitar",
    "VolleyballSpiking": "playing volleyball",
    "PlayingTabla": "playing tabla",
    "SkateBoarding": "skateboarding",
    "PlayingViolin": "playing violin",
}
