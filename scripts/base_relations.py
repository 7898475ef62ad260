# ruff: noqa: E501  (one line of the tables is one relation)
"""The relations that made-up texts speak of, and the ways of saying them.

One line a relation: label; kind of object; its noun phrase; predicates with {o}, split by "/"; what may stand
beside the subject between commas, split by "/"; whole sentences in the other order, split by "/".
Every relation with a noun phrase also gets the forms that any noun phrase has ("The N of S is O" and so on).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """One relation: its label, the kind of its objects and its phrasings with {s} and {o}."""

    label: str
    kind: str
    noun: str
    predicates: tuple[str, ...]
    asides: tuple[str, ...] = ()
    inverses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """The relations that things of one kind have; `head` is what to call one of them ("the city")."""

    kind: str
    head: str
    relations: tuple[Relation, ...]


_TABLE = """
# person; person
birthPlace; place; birthplace; was born in {o} / is originally from {o} / hails from {o}; born in {o} / a native of {o}; {o} is where {s} was born
birthDate; date; date of birth; was born on {o} / came into the world on {o}; born on {o}; {o} is the day on which {s} was born
birthYear; year; year of birth; was born in {o}; born in {o}; In {o}, {s} was born
deathPlace; place; place of death; died in {o} / passed away in {o}; who died in {o}; {o} is where {s} died
deathDate; date; date of death; died on {o} / passed away on {o}; who died on {o}
nationality; country; nationality; is a citizen of {o} / is a national of {o} / comes from {o}; a citizen of {o}
occupation; word; occupation; is a {o} / works as a {o} / earns a living as a {o}; a {o} / a {o} by trade
almaMater; organisation; alma mater; graduated from {o} / studied at {o} / attended {o}; a graduate of {o}; {o} counts {s} among its former students
spouse; person; spouse; is married to {o} / married {o}; married to {o} / the spouse of {o}; {o} is the wife or husband of {s}
residence; place; residence; lives in {o} / resides in {o} / has a home in {o}; living in {o}; {o} is home to {s}
employer; organisation; employer; works for {o} / is employed by {o}; an employee of {o}; {o} employs {s}
award; event; award; won the {o} / received the {o} / was given the {o}; winner of the {o}; The {o} went to {s}
instrument; word; instrument; plays the {o} / is a player of the {o}; who plays the {o}
genre; word; genre; performs {o} music / is a {o} musician / works in the {o} genre; known for {o}
recordLabel; organisation; record label; is signed to {o} / records for {o}; signed to {o}; {o} releases the music of {s}
associatedBand; organisation; associated band; performed with {o} / has been a member of {o} / is associated with {o}; once of {o}; {o} once had {s} as a member
club; organisation; club; plays for {o} / turns out for {o}; a player of {o}; {o} has {s} in its squad
formerTeam; organisation; former team; once played for {o} / used to play for {o}; formerly of {o}; {o} is a former team of {s}
position; word; position; plays as a {o} / plays in the position of {o}; a {o}
height; quantity; height; is {o} tall / stands {o} tall / has a height of {o}; {o} tall
party; organisation; party; belongs to the {o} / is a member of the {o}; a member of the {o}; The {o} has {s} as a member
successor; person; successor; was succeeded by {o} / was followed by {o}; succeeded by {o}; {o} succeeded {s} / {o} took over from {s}
battle; event; battle; fought in the {o} / took part in the {o}; who fought in the {o}
parent; person; parent; is a child of {o} / is the son or daughter of {o}; a child of {o}; {o} is a parent of {s}
knownFor; work; claim to fame; is known for {o} / is best known for {o} / became famous with {o}; known for {o}; {o} made {s} famous
activeYearsStart; year; start of active years; has been active since {o} / began a career in {o} / started out in {o}; active since {o}
# place; city
country; country; country; is in {o} / lies in {o} / is located in {o} / can be found in {o}; in {o} / a city in {o}; {o} is the country of {s}
isPartOf; place; ; is part of {o} / belongs to {o} / is a part of {o}; part of {o}; {o} includes {s} / {s} lies within {o}
leader; person; leader; is led by {o} / has {o} as its leader / is governed by {o}; led by {o}; {o} leads {s} / {o} is a leader in {s}
leaderTitle; word; leader title; is led by a {o} / has a {o} at its head; led by a {o}; The title of the leader of {s} is {o}
population; number; population; has {o} inhabitants / has a population of {o} / is home to {o} people; home to {o} people; {o} people live in {s}
populationDensity; quantity; population density; has {o} per square kilometre / has a population density of {o}; with a population density of {o}
areaTotal; quantity; total area; covers {o} / has a total area of {o} / extends over {o}; with a total area of {o}
elevation; quantity; elevation; lies {o} above sea level / is {o} above the level of the sea / has an elevation of {o}; {o} above sea level
areaCode; code; area code; uses the area code {o} / has the area code {o}; with the area code {o}; {o} is the dialling code of {s}
postalCode; code; postal code; has the postal code {o} / uses the postal code {o}; with the postal code {o}
language; word; language; speaks {o} / uses {o} as its language; where {o} is spoken; {o} is spoken in {s} / {o} is one of the languages of {s}
ethnicGroup; word; ethnic group; has {o} people among its groups / counts {o} as an ethnic group; home to the {o}; The {o} are an ethnic group of {s}
demonym; word; demonym; calls its people {o} / has inhabitants known as {o}; whose people are called {o}; People from {s} are called {o}
capital; place; capital; has {o} as its capital / is ruled from its capital {o}; with its capital {o}; {o} is the capital city of {s}
largestCity; place; largest city; has {o} as its largest city; whose largest city is {o}; No city in {s} is larger than {o}
currency; word; currency; pays in {o} / uses the {o} as its currency; where one pays in {o}; The {o} is the money of {s}
timeZone; code; time zone; keeps {o} time / is in the {o} time zone; in the {o} time zone
twinTown; place; twin town; is twinned with {o} / has {o} as its twin town; twinned with {o}; {o} is twinned with {s}
# building; building
location; place; location; is located in {o} / stands in {o} / is situated in {o} / can be found in {o}; in {o} / located in {o}; {o} is where {s} stands
architect; person; architect; was designed by {o} / is the work of the architect {o} / was planned by {o}; designed by {o}; {o} designed {s} / {o} was the architect of {s}
owner; organisation; owner; is owned by {o} / belongs to {o} / is the property of {o}; owned by {o}; {o} owns {s}
tenant; organisation; tenant; houses {o} / is occupied by {o} / is rented by {o}; home to {o}; {o} is a tenant of {s}
floorCount; number; floor count; has {o} floors / is {o} storeys high / rises over {o} floors; with {o} floors; There are {o} floors in {s}
floorArea; quantity; floor area; has {o} of floor space / offers a floor area of {o}; with a floor area of {o}
completionDate; date; completion date; was completed on {o} / was finished on {o} / was completed in {o}; completed in {o}; {o} saw the completion of {s}
buildingStartDate; date; start date; was begun on {o} / has been under construction since {o}; begun on {o}; Building of {s} began on {o}
cost; money; cost; cost {o} / was built for {o} / came at a price of {o}; built for {o}; {o} was spent on {s}
openingYear; year; opening year; was opened in {o} / opened its doors in {o}; opened in {o}; In {o}, {s} opened
architecturalStyle; word; architectural style; was built in the {o} style / is an example of {o} architecture; in the {o} style
address; building; address; has the address {o} / is at {o}; at {o}; At {o} stands {s}
formerName; building; former name; was once called {o} / used to be known as {o} / was formerly named {o}; formerly {o}; {o} was renamed {s}
# organisation; company
foundedBy; person; founder; was founded by {o} / was started by {o} / was set up by {o}; founded by {o}; {o} founded {s} / {o} is the founder of {s}
foundingDate; date; founding date; was founded on {o} / came into being on {o} / has existed since {o}; founded on {o}; On {o}, {s} was founded
foundingYear; year; founding year; was founded in {o} / was established in {o} / goes back to {o}; founded in {o}; {o} is the year in which {s} began
headquarters; place; headquarters; has its head office in {o} / is based in {o} / is headquartered in {o}; based in {o}; {o} houses the headquarters of {s}
industry; word; industry; is in the {o} business / works in the {o} industry; a {o} company
keyPerson; person; key person; is run by {o} / counts {o} among its key people; run by {o}; {o} is a key person at {s}
numberOfEmployees; number; number of employees; employs {o} people / has {o} employees / has a staff of {o}; with {o} employees; {o} people work for {s}
revenue; money; revenue; makes {o} a year / had revenues of {o} / earns {o}; with revenues of {o}
netIncome; money; net income; has a net income of {o} / made a profit of {o}; with a net income of {o}
parentCompany; organisation; parent company; is a subsidiary of {o} / is part of the group {o}; a subsidiary of {o}; {o} is the parent of {s}
subsidiary; organisation; subsidiary; has {o} as a subsidiary / has a daughter company called {o}; which controls {o}; {o} is a daughter of {s}
product; word; product; makes {o} / produces {o} / sells {o}; a maker of {o}; {o} is made by {s}
league; event; league; plays in the {o} / competes in the {o}; of the {o}; The {o} is the league of {s}
manager; person; manager; is managed by {o} / has {o} as its manager; managed by {o}; {o} manages {s} / {o} is in charge of {s}
ground; building; ground; plays its home games at {o} / has its ground at {o}; at home at {o}; {o} is the ground of {s}
numberOfMembers; number; number of members; has {o} members / counts {o} members; {o} members strong; {o} people are members of {s}
abbreviation; acronym; abbreviation; is abbreviated to {o} / goes by the letters {o} / is known as {o} for short; or {o}; {o} stands for {s}
chairman; person; chairman; is chaired by {o} / has {o} in the chair; chaired by {o}; {o} chairs {s} / {o} is the chairperson of {s}
# work; work
author; person; author; was written by {o} / is by {o} / came from the pen of {o}; written by {o}; {o} wrote {s} / {o} is the writer of {s}
publisher; organisation; publisher; was published by {o} / appeared with {o} / was brought out by {o}; published by {o}; {o} published {s}
publicationDate; date; publication date; was published on {o} / came out on {o} / appeared on {o}; published on {o}; On {o}, {s} was published
releaseYear; year; release year; was released in {o} / came out in {o} / dates from {o}; released in {o}; In {o}, {s} was released
numberOfPages; number; number of pages; has {o} pages / is {o} pages long / runs to {o} pages; {o} pages long; There are {o} pages in {s}
isbnNumber; code; ISBN; has the ISBN {o} / carries the ISBN {o}; ISBN {o}; {o} is the ISBN of {s}
mediaType; word; media type; is available in {o} / can be had in {o}; available in {o}
subject; word; subject; is about {o} / deals with {o} / tells of {o}; about {o}
translator; person; translator; was translated by {o} / was put into other words by {o}; translated by {o}; {o} translated {s}
precededBy; work; predecessor; was preceded by {o} / came after {o} / follows {o}; preceded by {o}; {o} came before {s}
followedBy; work; sequel; was followed by {o} / came before {o} / has {o} as a sequel; followed by {o}; {o} is the sequel of {s}
producer; person; producer; was produced by {o} / had {o} as producer; produced by {o}; {o} produced {s}
composer; person; composer; has music by {o} / was set to music by {o} / was composed by {o}; composed by {o}; {o} composed {s}
runtime; quantity; runtime; lasts {o} / is {o} long / has a runtime of {o}; lasting {o}
setIn; place; setting; is set in {o} / takes place in {o} / plays out in {o}; set in {o}; {o} is the scene of {s}
# event; event
venue; building; venue; was held at {o} / took place at {o} / was hosted by {o}; held at {o}; {o} hosted the {s}
eventDate; date; date; took place on {o} / was held on {o} / happened on {o}; held on {o}; On {o}, the {s} took place
winner; person; winner; was won by {o} / ended with a victory of {o}; won by {o}; {o} won the {s} / {o} came first in the {s}
participants; number; number of participants; drew {o} participants / had {o} people taking part; with {o} participants; {o} people took part in the {s}
commander; person; commander; was commanded by {o} / saw {o} in command; commanded by {o}; {o} was a commander in the {s}
organiser; organisation; organiser; was organised by {o} / was put on by {o} / was run by {o}; organised by {o}; {o} organised the {s}
sponsor; organisation; sponsor; was sponsored by {o} / was paid for by {o}; sponsored by {o}; {o} sponsored the {s}
# vehicle; vehicle
manufacturer; organisation; manufacturer; is made by {o} / is built by {o} / is manufactured by {o} / comes from {o}; made by {o}; {o} makes the {s} / {o} manufactures the {s}
designer; person; designer; was designed by {o} / was drawn by {o}; designed by {o}; {o} designed the {s}
engine; code; engine; has a {o} engine / is powered by a {o} / runs on a {o}; powered by a {o}; A {o} powers the {s}
topSpeed; quantity; top speed; reaches {o} / can go as fast as {o} / has a top speed of {o}; capable of {o}
length; quantity; length; is {o} long / has a length of {o} / measures {o}; {o} long
maidenFlight; date; maiden flight; first flew on {o} / had its maiden flight on {o} / took to the air on {o}; first flown on {o}; On {o}, the {s} flew for the first time
finalFlight; date; final flight; last flew on {o} / made its final flight on {o}; last flown on {o}
operator; organisation; operator; is operated by {o} / is flown by {o} / is in the service of {o}; operated by {o}; {o} operates the {s}
launchSite; place; launch site; was launched from {o} / lifted off from {o} / took off from {o}; launched from {o}; {o} is the launch site of the {s}
productionYear; year; production year; went into production in {o} / has been made since {o}; built in {o}; In {o}, the {s} went into production
bodyStyle; word; body style; has a {o} body / is a {o} in style; a {o}
relatedVehicle; vehicle; related vehicle; is related to the {o} / shares parts with the {o}; related to the {o}; The {o} is a relative of the {s}
# body; celestial body
discoverer; person; discoverer; was discovered by {o} / was found by {o} / was first seen by {o}; discovered by {o}; {o} discovered {s} / {o} was the first to see {s}
discovered; date; discovery date; was discovered on {o} / was first observed on {o}; discovered on {o}; On {o}, {s} was discovered
orbitalPeriod; quantity; orbital period; orbits once every {o} / goes round its star in {o} / has an orbital period of {o}; with an orbital period of {o}
mass; quantity; mass; weighs {o} / has a mass of {o}; with a mass of {o}
temperature; quantity; temperature; has a temperature of {o} / is as warm as {o}; at {o}
apoapsis; quantity; apoapsis; has an apoapsis of {o} / reaches an apoapsis of {o}; with an apoapsis of {o}
periapsis; quantity; periapsis; has a periapsis of {o} / comes as near as {o}; with a periapsis of {o}
epoch; date; epoch; has the epoch {o} / has its epoch on {o}; with the epoch {o}
escapeVelocity; quantity; escape velocity; has an escape velocity of {o} / is escaped at {o}; with an escape velocity of {o}
rotationPeriod; quantity; rotation period; turns once every {o} / rotates in {o}; turning once every {o}
# food; dish
madeWith; several; contents; is made with {o} / is made of {o} / contains {o} / includes {o}; made with {o}; {o} go into {s}
region; place; region; comes from {o} / is from the {o} region / is typical of {o}; from {o}; {o} is the region of {s} / People eat {s} in {o}
nationalDish; country; ; is a national dish of {o} / is eaten all over {o} / is a favourite in {o}; a national dish of {o}; {o} is proud of its dish {s}
cookingTime; quantity; cooking time; takes {o} to cook / cooks in {o} / is ready after {o}; ready after {o}
flavour; word; flavour; tastes of {o} / has a {o} flavour; flavoured with {o}
inventor; person; inventor; was invented by {o} / was first made by {o}; invented by {o}; {o} invented {s} / {o} was the first to cook {s}
dishType; word; type; is a kind of {o} / is a sort of {o} / counts as a {o}; a kind of {o}
"""

_HELD_OUT = """
# vehicle; ship
shipyard; organisation; shipyard; was laid down at {o} / left the shipyard of {o}; laid down at {o}; {o} laid down {s}
homePort; place; home port; sails out of {o} / has {o} as her home port; based at the port of {o}; {o} is the port from which {s} sails
shipDraft; quantity; draft; draws {o} of water / needs a depth of {o}; drawing {o} of water
christenedBy; person; ; was christened by {o} / got her name from {o} / owes her name to {o}; christened by {o}; {o} christened {s}
sunkOn; date; ; sank on {o} / went to the bottom on {o} / was lost on {o}; sunk on {o}; On {o}, {s} sank
# building; telescope
mirrorDiameter; quantity; mirror diameter; has a mirror of {o} / sees through a mirror of {o}; with a mirror of {o}
observatory; organisation; observatory; is part of the observatory {o} / is used by the astronomers of {o}; used by {o}; {o} observes the sky with {s}
firstLight; date; first light; saw first light on {o} / looked at the sky for the first time on {o}; in use since {o}; First light reached {s} on {o}
wavelength; quantity; wavelength; observes at {o} / is sensitive at {o}; observing at {o}
# work; game
studio; organisation; studio; was programmed by {o} / came out of the studio {o}; programmed by {o}; {o} programmed {s}
minimumAge; number; minimum age; may be played from the age of {o} / is meant for players over {o}; for players over {o}
maximumPlayers; number; maximum players; seats up to {o} players / can be played by {o} people at once; for up to {o} players; Up to {o} people can play {s}
gameEngine; code; game engine; runs on the {o} engine / was built upon {o}; built upon {o}; {o} drives {s}
leadCharacter; person; lead character; puts the player in the shoes of {o} / is played as {o}; played as {o}; {o} is the hero of {s}
"""


def _split(text: str) -> tuple[str, ...]:
    """The non-empty parts between slashes."""
    return tuple(part.strip() for part in text.split(" / ") if part.strip())


def _relation(line: str) -> Relation:
    """One line of a table."""
    fields = [field.strip() for field in line.split(";")] + ["", ""]
    label, kind, noun, predicates, asides, inverses = fields[:6]
    return Relation(label, kind, noun, _split(predicates), _split(asides), _split(inverses))


def _families(table: str) -> tuple[Family, ...]:
    """All families of a table; a family begins with a line "# kind; head"."""
    families = []
    for block in table.strip().removeprefix("# ").split("\n# "):
        first, *lines = block.splitlines()
        kind, head = (part.strip() for part in first.split(";"))
        families.append(Family(kind, head, tuple(map(_relation, lines))))
    return tuple(families)


FAMILIES = _families(_TABLE)
HELD_OUT_FAMILIES = _families(_HELD_OUT)
