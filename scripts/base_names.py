# ruff: noqa: E501, SIM905  (word lists and lists of shapes read better in long lines)
"""Fresh names and values of many kinds, so that a base model learns to copy and not to remember.

Everything is put together out of syllables and word parts by a caller's random generator: the same
generator state gives the same name. Knows nothing of relations, of texts or of models.
"""

from __future__ import annotations

import random
from collections.abc import Callable

Rng = random.Random

# One language feel a line: starts | middles | endings of given names | endings of family names and places.
_FEELS = tuple(
    tuple(part.split() for part in line.split("|"))
    for line in """
Al Be Car Don El Fran Gar Hol Jon Ken Lor Mar Nor Ros Stan Wil|ber da fri li na ri so ve|a en ert ia ie in on y|bury field ford ham ley man son ton well worth
Ag Bran Cil Dár Emi Fer Gon Inés Jua Lu Mon Pa Ra San Tor Vi|ba ca de ga li ma ne ri to va|a ana iel ino ita o os uel|ada ales ares ez illa ero oza uera ón ín
Ad Bel Cla Dom Ét Fré Gé Hé Jac Lau Mé Odé Pier Ré Syl Thi|ba ci de la li mo ne ri so va|aine ard e elle ette ien ine is|ault beau court eau ier mont oux rac vais ville
And Berg Diet Eck Fried Gün Hein Jör Kla Lud Mül Otto Rü Sig Uwe Wal|be di ga he li mo ra se wi|a bert e el fried mar olf rich|bach burg dorf er feld heim hofer mann stein wald
Ås Bjørn Ei Frø Gud Hal In Jó Knu Lín Mag Ol Rag Sól Tor Ví|a be da fi ga le mu ni ri|a ar eif ild mund ný rid vald|berg dal dóttir fjord gård lund sen stad vik ø
Bo Cze Dra Gra Iva Jar Kaz Mi Ni Pav Ra Sla To Vla Woj Zden|bo da go li mi na ro sa vo|ana ek ena imir islav ka ko ša|ák czyk enko ev ić ikov inski nov owski ův
Ah Ba Dja Fa Ha Ib Jam Kha Mu Na Om Ra Sa Ta Ya Zu|bi di fa ha li ma na ri ya|ad ah eem id im ira oud yah|abad ani awi eddine far i mani oui our zadeh
Aki Chi Dai Ema Fu Ha Ichi Ka Ma Na Ori Rei Sa Ta Yo Zen|ba chi da ge hi ki mi no ru to|e hiko ka ko mi o shi to|gawa hara ishi kawa mori mura oka saki shima yama
Bao Chen Dai Fang Guo Han Jia Lin Mei Ning Qiu Shan Tian Wei Xiu Zhen|bo da hua jun li ming ping rui|an fei hong ling na qing wen yu|chang dong feng gang hai jiang kou nan yang zhou
Ade Bab Chi Du Ek Fo If Ke Lu Mo Nga Olu Sa Te Uzo Yem|ba di fe ka la mi no so wa|bo di fu ka la nne olu we|anga bundi eke gbo kuru mbo ndu nyi oha wale
Ana Bhai Cha Dee Gau Har Ish Ja Ka La Mee Ni Pra Raj Sun Vik|bha de ja ka li ma na ra shi|an esh ika it ita nder raj ya|abad ani apur garh kar nagar patel puri vadi war
Aba Ce Dil Er Fat Gü Hak İl Kem Le Meh Nur Öz Se Tu Yıl|ba di fi ki li ma ne ri ru|a an e et gül han im it|cı demir er kaya lar oğlu pınar soy taş türk
""".strip().splitlines()
)

_ADJECTIVES = (
    "amber ancient bitter blue bold bright broken bronze burning calm careful clear cold copper crimson crooked dark "
    "deep distant double early eastern electric empty endless eternal fading fallen first forgotten fragile free "
    "frozen gentle golden grand great green grey hidden high hollow holy humble hungry idle inner iron ivory last "
    "late little lonely lost loud lower lucky marble midnight modern narrow new noble northern old open outer painted "
    "pale patient perfect plain polar proud quiet rapid rare red restless rising royal rusty sacred second secret "
    "shallow sharp silent silver simple slow small smooth solar solid southern steady stone strange strong sunken "
    "sweet swift tall tender third tiny true upper velvet violet warm western white wide wild winding wise wooden young"
).split()
_NOUNS = (
    "anchor angel apple arrow autumn badger bank beacon bear bell bird bishop bluff bone book bottle branch bread bridge "
    "brook brother candle canyon castle cathedral cedar chain chapel cherry circle city clock cloud coast compass corner "
    "cradle crane creek cross crown crystal dawn daughter desert diamond door dove dragon dream drum eagle earth echo "
    "ember empire engine falcon feather fern field fire flame flower forest fortress fountain fox gallery garden gate "
    "ghost glacier glass grove hammer harbour harvest hawk heart hill horizon horse house hunter island jungle key king "
    "kingdom ladder lake lamp lantern leaf letter lily lion machine maple market meadow memory mill mirror moon morning "
    "mother mountain museum needle night oak ocean orchard owl palace paper pearl pilgrim pine planet poet prince queen "
    "rain raven reef ridge river road robin rock rose salmon sand sea shadow shepherd ship signal sky snow song sparrow "
    "spring square star station storm stranger stream street summer sun temple theatre thorn thunder tide tiger tower "
    "train tree valley village violin voice wall wave well whale wheel willow wind window winter wolf word world"
).split()
_UNITS = (
    "metres", "kilometres", "feet", "miles", "kilograms", "tonnes", "litres", "square metres", "square kilometres",
    "hectares", "degrees", "kelvins", "minutes", "hours", "days", "seconds", "watts", "volts", "km", "m", "kg", "cm", "mm",
    "g", "per cent", "inches", "pounds", "gigabytes", "knots", "points",
)  # fmt: skip
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_WORDS = (
    "almond basil beetroot cardamom cashew cinnamon clove coconut cumin fennel garlic ginger honey leek lemon lentil "
    "lime mango millet mint mustard nutmeg oat olive onion parsley peanut pepper pumpkin quinoa rice saffron sage sesame "
    "spinach tamarind thyme tofu turmeric vanilla walnut yam bamboo brass brick cement clay cotton felt flax granite jute "
    "leather limestone linen nylon plaster plywood porcelain quartz rubber sandstone silk slate steel straw timber wool "
    "ballad blues choral country disco dub electro folk funk gospel grunge house jazz opera punk reggae rock samba soul "
    "swing techno waltz zydeco archery badminton chess climbing cricket curling cycling fencing judo rowing rugby sailing "
    "squash tennis wrestling baker carpenter dancer doctor editor farmer glazier lawyer librarian mason nurse painter "
    "pianist pilot plumber potter sailor sculptor singer surgeon tailor teacher weaver writer zoologist"
).split()


def syllables(rng: Rng, ending: int = 2) -> str:
    """One capitalised made-up word; `ending` 2 gives a given name's ending, 3 that of a family or place."""
    feel = rng.choice(_FEELS)
    middles = rng.choices(feel[1], k=rng.choices((0, 1, 2), (4, 4, 1))[0])
    return rng.choice(feel[0]) + "".join(middles) + rng.choice(feel[ending])


def nonce_word(rng: Rng) -> str:
    """A made-up lower-case ASCII word, such as "velmor"."""
    parts = [rng.choice("bcdfghklmnprstvw") + rng.choice("aeiou") for _ in range(rng.randint(1, 3))]
    return "".join(parts) + rng.choice(("l", "m", "n", "r", "s", "t", "x", "ck", "nd", "st"))


def _title(rng: Rng) -> str:
    """A title of two to five words, such as "The Silent Harbour of Dawn"."""
    adjective, noun, other = rng.choice(_ADJECTIVES), rng.choice(_NOUNS), rng.choice(_NOUNS)
    shapes = (
        "{a} {n}", "The {a} {n}", "The {n} of {o}", "{n} and {o}", "A {n} for {s}", "{s}'s {n}", "The {n}",
        "{a} {n} ({s})", "{n}s of the {o}", "{n}: The {a} {o}", "{s}", "{n} {d}", "In the {a} {n}",
    )  # fmt: skip
    return rng.choice(shapes).format(
        a=adjective.title(), n=noun.title(), o=other.title(), s=syllables(rng), d=rng.randint(2, 99)
    )


def person(rng: Rng) -> str:
    """A person's name: initials, hyphens, particles, suffixes and titles now and then."""
    given, family = syllables(rng), syllables(rng, 3)
    shape = rng.random()
    if shape < 0.62:
        return f"{given} {family}"
    if shape < 0.72:
        return f"{given} {rng.choice('ABCDEFGHJKLMNPRSTW')}. {family}"
    if shape < 0.78:
        return f"{given}-{syllables(rng)} {family}"
    if shape < 0.84:
        return f"{given} {family}-{syllables(rng, 3)}"
    if shape < 0.90:
        return f"{given} {rng.choice(('de', 'van', 'von', 'al', 'da', 'bin', 'de la', 'O', 'Mac'))} {family}"
    return rng.choice(
        (
            f"{given} {family} Jr.",
            f"{given} {syllables(rng)} {family}",
            given,
            f"Sir {given} {family}",
        )
    )


def place(rng: Rng) -> str:
    """A settlement's or region's name, sometimes with the region behind a comma."""
    name = syllables(rng, 3)
    shape = rng.random()
    if shape < 0.55:
        return name
    if shape < 0.70:
        return f"{rng.choice(('New', 'North', 'San', 'Port', 'Upper', 'Saint', 'Fort', 'East', 'Lake'))} {name}"
    if shape < 0.88:
        return f"{name}, {syllables(rng, 3)}"
    return rng.choice(
        (
            f"{name}-{syllables(rng, 3)}",
            f"{name} {rng.choice(_NOUNS).title()}",
            f"{name} on {syllables(rng)}",
        )
    )


def country(rng: Rng) -> str:
    """A made-up country."""
    stem = syllables(rng, 3)
    return rng.choice(
        (
            stem + "ia",
            stem,
            f"Republic of {stem}",
            stem + "stan",
            f"{stem} Islands",
            f"United {stem}",
        )
    )


def organisation(rng: Rng) -> str:
    """A company, club, office or institute, sometimes an acronym or with one in parentheses."""
    stem = rng.choice((syllables(rng), syllables(rng, 3), rng.choice(_NOUNS).title()))
    kinds = "Group|Industries|Ltd|Inc.|Records|Press|Motors|Institute|Society|Bank|Party|FC|United|Council|Airways|Union|Trust"
    shapes = (
        f"{stem} {rng.choice(kinds.split('|'))}",
        f"{stem} & {syllables(rng, 3)}",
        f"Institute of {stem}",
        acronym(rng),
    )
    return rng.choices(shapes, (7, 1, 1, 1))[0]


def acronym(rng: Rng) -> str:
    """Two to five capitals."""
    return "".join(rng.choices("ABCDEFGHIJKLMNOPRSTUVWZ", k=rng.randint(2, 5)))


def building(rng: Rng) -> str:
    """A building, bridge, stadium, museum and the like."""
    stem = rng.choice((syllables(rng, 3), syllables(rng), rng.choice(_NOUNS).title()))
    kind = rng.choice(
        "Tower Hall House Bridge Museum Stadium Library Castle Theatre Station Arena Hospital Plaza".split()
    )
    return rng.choice(
        (
            f"{stem} {kind}",
            f"The {stem} {kind}",
            f"{kind} of {stem}",
            f"{rng.randint(2, 990)} {stem} Street",
        )
    )


def code(rng: Rng) -> str:
    """Letters and digits: a model number, a catalogue number, a code."""
    letters, digits = acronym(rng)[:3], str(rng.randint(1, 99999))
    shapes = (
        letters + digits,
        f"{letters}-{digits}",
        f"{letters} {digits}",
        acronym(rng),
        f"{digits}-{rng.randint(10, 9999)}",
    )
    return rng.choice(
        (*shapes, f"{rng.randint(0, 9)}-{rng.randint(100, 999)}-{digits}-{rng.randint(0, 9)}")
    )


def year(rng: Rng) -> str:
    """A year."""
    return str(rng.randint(1200, 2050))


def date(rng: Rng) -> str:
    """A full date in one of eight ways of writing."""
    day, month, when = rng.randint(1, 28), rng.randint(1, 12), year(rng)
    name = _MONTHS[month - 1]
    shapes = (
        f"{when}-{month:02}-{day:02}", f"{day} {name} {when}", f"{name} {day}, {when}", f"{day:02}/{month:02}/{when}",
        f"{name} {when}", f"{day}.{month}.{when}", f"{day} {name[:3]} {when}", f"{when}-{month:02}-{day:02}",
    )  # fmt: skip
    return rng.choice(shapes)


def number(rng: Rng) -> str:
    """A number: whole, with separators, with decimals; from one to ten digits."""
    size = 10 ** rng.randint(1, 9)
    whole = rng.randint(1, size)
    shapes = (
        str(whole),
        str(whole),
        f"{whole:,}",
        f"{rng.uniform(0, min(size, 10**5)):.{rng.randint(1, 4)}f}",
        f"{whole % 10**5}.0",
    )
    return rng.choice(shapes)


def quantity(rng: Rng) -> str:
    """A number with its unit."""
    return f"{number(rng)} {rng.choice(_UNITS)}"


def money(rng: Rng) -> str:
    """A sum of money."""
    sign = rng.choice("$€£¥")
    return rng.choice(
        (
            f"{sign}{rng.randint(1, 10**6):,}",
            f"{rng.randint(1, 999)} million {rng.choice(('dollars', 'euros', 'francs'))}",
        )
    )


def word(rng: Rng) -> str:
    """A common noun or a made-up one, sometimes with an adjective; lower case."""
    noun = rng.choices((rng.choice(_WORDS), rng.choice(_NOUNS), nonce_word(rng)), (4, 2, 3))[0]
    return f"{rng.choice(_ADJECTIVES)} {noun}" if rng.random() < 0.3 else noun


def several(rng: Rng) -> str:
    """A list of two to four things that is one value, such as "rice, basil and yam"."""
    items = [word(rng) for _ in range(rng.randint(2, 4))]
    joint = rng.choice((", ", " and ", ", "))
    return joint.join(items) if joint == ", " else ", ".join(items[:-1]) + joint + items[-1]


def vehicle(rng: Rng) -> str:
    """A ship, car, rocket or aircraft."""
    stem = rng.choice((syllables(rng), rng.choice(_NOUNS).title()))
    return rng.choice(
        (
            f"{stem} {code(rng)}",
            f"{acronym(rng)[:2]} {stem}",
            f"{stem} {rng.randint(1, 900)}",
            f"{syllables(rng)} {stem}",
        )
    )


def body(rng: Rng) -> str:
    """A planet, asteroid, star or mountain-like proper noun, often numbered."""
    stem = syllables(rng)
    return rng.choice(
        (
            f"{rng.randint(1, 9999)} {stem}",
            stem,
            f"{rng.randint(1, 99999)} {year(rng)} {acronym(rng)[:2]}",
            f"{stem} {rng.choice('bcdXIV')}",
        )
    )


def food(rng: Rng) -> str:
    """A dish, plant or product."""
    return rng.choice(
        (
            syllables(rng),
            f"{syllables(rng)} {rng.choice(_WORDS)}",
            f"{rng.choice(_WORDS).title()} {syllables(rng).lower()}",
        )
    )


def event(rng: Rng) -> str:
    """A battle, festival, season or conference."""
    stem = syllables(rng, 3)
    kind = rng.choice("Festival Cup War Congress Games Summit Open Marathon Expo League".split())
    return rng.choice(
        (
            f"{year(rng)} {stem} {kind}",
            f"Battle of {stem}",
            f"{stem} {kind}",
            f"{year(rng)}–{rng.randint(10, 99)} {stem} {kind}",
        )
    )


KINDS: dict[str, Callable[[Rng], str]] = {
    "person": person, "place": place, "country": country, "organisation": organisation, "building": building,
    "work": _title, "event": event, "vehicle": vehicle, "body": body, "food": food, "code": code, "acronym": acronym,
    "year": year, "date": date, "number": number, "quantity": quantity, "money": money, "word": word, "several": several,
}  # fmt: skip


def fresh(kind: str, rng: Rng) -> str:
    """A new value of `kind`; KeyError for a kind that is not in `KINDS`."""
    return KINDS[kind](rng)


def adjective(rng: Rng) -> str:
    """A common adjective, lower case."""
    return rng.choice(_ADJECTIVES)


def noun(rng: Rng) -> str:
    """A common noun, lower case."""
    return rng.choice(_NOUNS)
