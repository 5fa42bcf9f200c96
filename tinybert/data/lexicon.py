"""The vocabulary of the embedded sample: what praises, what blames, and what does neither."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()


# Pairs are (negative, positive). A word stands here only if nobody would read it the other way round in a review: "moving" and
# "slow" can be either, so they are absent. No word stands in two lists, or holding it out of one would not hide it.

ADJECTIVES = (
    _words("""
    abysmal aimless amateurish annoying appalling atrocious awful awkward bad bland boring botched charmless clumsy contrived
    crass dire disappointing disastrous dismal dreadful dreary dull embarrassing empty excruciating exhausting feeble flat
    flimsy forgettable formulaic ghastly hackneyed hideous hollow horrible inane incoherent incompetent inept insipid
    insufferable insulting irritating joyless laborious lame lazy lifeless listless ludicrous mangled mediocre mindless
    miserable monotonous muddled nonsensical obnoxious offensive overblown overlong painful pathetic pedestrian plodding
    pointless poor predictable preposterous pretentious ridiculous rotten shallow shoddy silly sloppy sluggish soulless stale
    stilted stupid superficial tedious terrible tiresome trashy trite ugly unbearable uninspired unoriginal unpleasant
    unwatchable vapid weak wearisome witless wooden worthless wretched
    """),
    _words("""
    absorbing accomplished admirable adorable affecting amazing amusing astonishing authentic beautiful beguiling bewitching
    brilliant captivating charming clever compelling daring dazzling delicious delightful distinguished elegant enchanting
    endearing engaging engrossing enjoyable enlightening enthralling entertaining excellent exceptional exciting exhilarating
    exquisite extraordinary fabulous fantastic fascinating fine flawless fresh funny gorgeous graceful great gripping heartfelt
    heartwarming honest hilarious imaginative impressive ingenious insightful inspired inspiring intelligent inventive
    irresistible joyous likable lively lovely magical magnificent marvelous masterful memorable mesmerizing nuanced original
    outstanding perceptive perfect playful poetic powerful refreshing remarkable resonant rewarding riveting satisfying
    sensitive sharp smart spectacular splendid stirring stunning sublime superb suspenseful tender terrific thoughtful
    thrilling touching triumphant uplifting vibrant vivid warm wise witty wonderful
    """),
)

# What a film is: "a triumph", "a bore".
NOUNS = (
    _words("""
    abomination atrocity blunder bomb bore calamity catastrophe chore debacle disappointment disaster disgrace drag dud
    embarrassment failure fiasco flop hodgepodge insult mess mishmash misfire mistake muddle nuisance ordeal shambles travesty
    trainwreck waste wreck
    """),
    _words("""
    accomplishment achievement blessing breakthrough charmer classic delight gem gift jewel knockout landmark marvel masterpiece
    masterwork miracle pleasure prize revelation sensation stunner success tonic treasure treat triumph victory winner wonder
    """),
)

# What a film has: "its wit", "its banality".
QUALITIES = (
    _words("""
    amateurishness banality boredom carelessness clumsiness condescension contempt crudeness cynicism drivel drudgery dullness
    fakery foolishness gibberish hypocrisy idiocy incoherence incompetence ineptitude inertia laziness mawkishness mediocrity
    monotony nonsense pandering pomposity pretension shoddiness sloppiness smugness staleness stupidity tedium triteness
    ugliness vulgarity
    """),
    _words("""
    artistry beauty brilliance charisma charm class cleverness compassion courage creativity depth elegance energy exuberance
    finesse flair freshness generosity grace heart honesty humanity imagination ingenuity insight inspiration integrity
    intelligence inventiveness joy magic originality passion polish sincerity sophistication soul sparkle spirit subtlety
    tenderness vitality warmth wisdom wit
    """),
)

# What a film does to whoever sees it.
VERBS = (
    _words("""
    aggravates alienates annoys antagonizes bores bothers cheats deadens disappoints disgusts embarrasses enrages exasperates
    exhausts frustrates infuriates insults irks irritates nauseates offends pains patronizes repels repulses saddens sickens
    stupefies suffocates tires tortures vexes wearies
    """),
    _words("""
    absorbs amazes amuses astonishes beguiles bewitches captivates charms cheers dazzles delights electrifies elevates enchants
    energizes engages engrosses enlightens enraptures enriches entertains enthralls excites exhilarates fascinates gladdens
    gratifies hypnotizes impresses inspires intrigues invigorates mesmerizes nourishes pleases refreshes rewards satisfies
    thrills uplifts
    """),
)

DEGREES = _words(
    "truly deeply utterly thoroughly remarkably quite rather fairly surprisingly consistently often mostly somewhat"
)

PARTS = _words("""
acting animation camerawork choreography climax cinematography dialogue direction editing ending ensemble film finale humor
movie music narrative opening pacing performance picture plot premise production scenery score screenplay script setting
soundtrack story storytelling subplot writing
""")

KINDS = _words(
    "film movie picture comedy drama thriller documentary romance western musical remake sequel adaptation fable mystery"
)

SCENES = _words("scene moment sequence line shot minute image joke song frame")

PLAIN = _words("""
new second american french british independent period animated black-and-white two-hour big-screen contemporary low-budget
three-part japanese early latest current urban rural
""")

VIEWERS = _lines("""
its audience
the audience
the viewer
anyone who sees it
whoever buys a ticket
young viewers
fans of the book
fans of the genre
adults and children
the whole family
""")

TOPICS = _lines("""
about a family in brooklyn
about two brothers and a boat
about growing up in texas
about a man and his dog
about life in a small town
about the price of fame
about a jazz singer
about a bank job
set in the nineties
based on a true story
adapted from a novel
by a first-time director
""")

ASIDES = _lines("""
in the second half
in the first hour
in its final act
from start to finish
for the most part
over ninety minutes
on a big screen
this time
""")
