"""Common English words that mean the same, the opposite, or a measure."""

from collections.abc import Mapping

from app.cache.semantic.language.lexicon import groups, words

# Synonyms. Each group means one thing in a question, although its words have other meanings too.
SYNONYMS = groups(
    """
    learn study, buy purchase, begin start commence, build create make construct, improve enhance boost
    increase, fix repair solve resolve, delete remove erase, film movie, photo picture pic image photograph,
    phone cellphone mobile smartphone, car automobile, job occupation employment, money cash, kid child, quick
    fast rapid, scary terrifying frightening, funny hilarious, dumb stupid, happy glad joyful, humble modest,
    grateful thankful, vocal outspoken, big large huge, small little tiny, biggest largest greatest, smallest
    littlest, hard difficult tough, hardest toughest, rich wealthy, smart intelligent clever, important
    necessary essential crucial, answer reply, company firm, doctor physician, attorney lawyer, illness disease
    sickness, error mistake, choose select pick, allow permit, permission authorization authorisation, obtain
    acquire, happen occur, show display, speak talk, center centre, color colour, favorite favourite, theater
    theatre, meter metre, program programme, gray grey, math maths mathematics, site website, pc computer, app
    application, config configuration, configure setup, enable activate, disable deactivate, info information,
    docs documentation, repo repository, db database, env environment, param parameter, auth authentication,
    email mail, vacation holiday, salary wage, quit resign, strange weird bizarre, strangest weirdest, amazing
    incredible, famous popular, problem issue, female woman, male man, advantage benefit, disadvantage drawback,
    rude disrespectful, afraid scared, accident crash, see watch, reside live, rock stone, price cost, exam
    examination, lab laboratory, ad advertisement advert, tv television, bike bicycle, plane airplane aeroplane,
    flat apartment, tech technology, rotate spin, forbid prohibit ban, garbage trash rubbish, annual
    yearly
    """
)

_OPPOSED = words(
    "before/after more/less most/least more/fewer above/below over/under up/down in/out on/off left/right "
    "first/last early/late earliest/latest high/low higher/lower highest/lowest increase/decrease "
    "increase/reduce raise/lower raise/reduce grow/shrink gain/lose gain/loss win/lose win/loss buy/sell "
    "purchase/sell import/export upload/download send/receive give/take give/receive lend/borrow push/pull "
    "open/close start/stop start/end begin/end begin/finish start/finish enable/disable activate/deactivate "
    "allow/forbid allow/deny allow/block permit/prohibit accept/reject accept/refuse add/remove add/delete "
    "create/delete create/destroy build/destroy attach/detach lock/unlock encrypt/decrypt encode/decode "
    "join/leave enter/exit enter/leave arrive/depart arrive/leave come/go remember/forget succeed/fail "
    "success/failure pass/fail live/die birth/death alive/dead love/hate like/dislike like/hate "
    "agree/disagree true/false right/wrong good/bad best/worst better/worse benefit/drawback benefit/risk "
    "pro/con positive/negative plus/minus strength/weakness profit/loss cheap/expensive rich/poor strong/weak "
    "fast/slow quick/slow hot/cold warm/cool big/small large/small long/short tall/short old/young old/new "
    "hard/easy hard/soft difficult/easy heavy/light dark/light bright/dark wet/dry clean/dirty safe/dangerous "
    "public/private internal/external inside/outside indoor/outdoor domestic/foreign local/remote "
    "local/global single/multiple single/married male/female man/woman boy/girl husband/wife father/mother "
    "dad/mom son/daughter brother/sister king/queen employer/employee teacher/student parent/child "
    "landlord/tenant day/night morning/evening summer/winter north/south east/west top/bottom front/back "
    "upper/lower major/minor maximum/minimum max/min full/empty full/part past/future ancient/modern "
    "simple/complex same/different similar/different always/never all/none everything/nothing with/without "
    "for/against have/lack with/lack half/full net/gross "
    "ascending/descending horizontal/vertical row/column input/output client/server "
    "static/dynamic optional/required mandatory/optional active/passive even/odd hire/fire debit/credit "
    "asset/liability income/expense revenue/cost supply/demand cause/effect cause/cure theory/practice "
    "permanent/temporary natural/artificial physical/mental liquid/solid acid/base expand/contract "
    "wide/narrow thick/thin fat/thin deep/shallow near/far close/far introvert/extrovert majority/minority "
    "superior/inferior attack/defend innocent/guilty liberal/conservative reward/punish praise/blame"
)
OPPOSITES: Mapping[str, frozenset[str]] = {
    word: frozenset(other for pair in _OPPOSED if word in pair.split("/") for other in pair.split("/")) - {word}
    for word in words(" ".join(_OPPOSED).replace("/", " "))
}

# Prefixes that turn a word into its opposite, alone or against another: import/export, overpaid/underpaid.
OPPOSING_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "anti", "de", "mal")
_PREFIXES = words("pre/post hyper/hypo over/under up/down in/ex in/out inter/intra macro/micro pro/anti en/de")
OPPOSED_PREFIXES = tuple(
    tuple(pair.split("/")[:: 1 if forward else -1]) for pair in _PREFIXES for forward in (True, False)
)

IRREGULAR = groups(
    """
    go went gone, make made, get got gotten, take took taken, give gave given, come came, see saw seen,
    know knew known, write wrote written, speak spoke spoken, buy bought, bring brought, think thought,
    teach taught, find found, lose lost loss losing, win won, pay paid, say said, sell sold, tell told,
    keep kept, leave left, feel felt, meet met, run ran, begin began begun, build built, send sent,
    spend spent, grow grew grown, drive drove driven, eat ate eaten, break broke broken, choose chose chosen,
    steal stole stolen, hide hid hidden, fall fell fallen, die died dying, lie lied lying, man men,
    woman women, child children, foot feet, tooth teeth, mouse mice, life lives, wife wives,
    datum data, index indices, analysis analyses, understand understood, hold held, catch caught, fight fought,
    hear heard, draw drew drawn, wear wore worn, throw threw thrown, sing sang sung, forget forgot forgotten,
    rise rose risen
    """
)

MONTHS = groups(
    """
    january jan, february feb, march mar, april apr, may, june jun, july jul, august aug, september sep sept,
    october oct, november nov, december dec
    """
)
WEEKDAYS = groups(
    """
    monday mon mondays, tuesday tue tues tuesdays, wednesday wed wednesdays, thursday thu thurs thursdays,
    friday fri fridays, saturday sat saturdays, sunday sun sundays
    """
)

_COUNTS = "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
NUMBER_WORDS = {word: str(value) for word, value in zip(_COUNTS.split(), (0, *range(2, 17)), strict=True)}
NUMBER_WORDS |= {"twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70"}
NUMBER_WORDS |= {"eighty": "80", "ninety": "90", "hundred": "100", "thousand": "1000", "million": "1000000"}
NUMBER_WORDS |= {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th"}

# Powers of ten that a figure before them is multiplied by.
MAGNITUDES = {"k": 3, "thousand": 3, "lakh": 5, "lakhs": 5, "lac": 5, "m": 6, "mn": 6, "million": 6}
MAGNITUDES |= {"crore": 7, "crores": 7, "bn": 9, "billion": 9, "trillion": 12, "hundred": 2}

ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}

CURRENCIES = groups(
    """
    usd $ dollar dollars us$ bucks, eur € euro euros, gbp £ pound pounds, inr ₹ rs rupee rupees, jpy ¥ yen
    """
)
UNITS = groups(
    """
    % percent pct, s sec secs second seconds, ms millisecond milliseconds, min mins minute minutes,
    h hr hrs hour hours, day days, week weeks, month months, year years yr yrs, am, pm,
    mm millimeter millimeters millimetre millimetres, cm centimeter centimeters centimetre centimetres,
    meter meters metre metres, km kilometer kilometers kilometre kilometres kms, mile miles, inch inches,
    ft foot feet, mg milligram milligrams, g gram grams, kg kilogram kilograms kgs kilo kilos, lb lbs,
    oz ounce ounces, ml milliliter milliliters millilitre millilitres, l liter liters litre litres,
    kb kilobyte kilobytes, mb megabyte megabytes, gb gigabyte gigabytes, tb terabyte terabytes, bit bits,
    byte bytes, mhz, ghz, watt watts, kw kilowatt kilowatts, volt volts, mah, mp megapixel megapixels,
    px pixel pixels, mph, kmh kph
    """
)
ORDINALS = words("st nd rd th")

# Words that belong to a figure, or are one.
MEASURES = frozenset().union(MONTHS, WEEKDAYS, NUMBER_WORDS, ROMAN, CURRENCIES, UNITS)

# Acronyms that are written out without their initials, or as other acronyms.
ABBREVIATIONS = groups(
    """
    usa us america, uk britain, js javascript, ts typescript, postgres postgresql,
    covid coronavirus
    """
)
