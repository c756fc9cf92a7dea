"""English as spoken in India: lakh and crore, numbers without "and"."""

_NUMBERS = """
    zero
    one two three four five six seven eight nine ten
    eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
    twenty-one twenty-two twenty-three twenty-four twenty-five
    twenty-six twenty-seven twenty-eight twenty-nine thirty
    thirty-one thirty-two thirty-three thirty-four thirty-five
    thirty-six thirty-seven thirty-eight thirty-nine forty
    forty-one forty-two forty-three forty-four forty-five forty-six forty-seven forty-eight forty-nine fifty
    fifty-one fifty-two fifty-three fifty-four fifty-five fifty-six fifty-seven fifty-eight fifty-nine sixty
    sixty-one sixty-two sixty-three sixty-four sixty-five sixty-six sixty-seven sixty-eight sixty-nine seventy
    seventy-one seventy-two seventy-three seventy-four seventy-five
    seventy-six seventy-seven seventy-eight seventy-nine eighty
    eighty-one eighty-two eighty-three eighty-four eighty-five
    eighty-six eighty-seven eighty-eight eighty-nine ninety
    ninety-one ninety-two ninety-three ninety-four ninety-five
    ninety-six ninety-seven ninety-eight ninety-nine
"""
NUMBERS = tuple(_NUMBERS.split())

_MONTHS = """
    January February March April May June July August September October November December
"""
MONTHS = tuple(_MONTHS.split())
_DAYS = """
    first second third fourth fifth sixth seventh eighth ninth tenth
    eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
    twenty-first twenty-second twenty-third twenty-fourth twenty-fifth
    twenty-sixth twenty-seventh twenty-eighth
    twenty-ninth thirtieth thirty-first
"""
DAYS = tuple(_DAYS.split())
O_CLOCK = "o'clock"

WORDS = {
    "n/hundred": "hundred",
    "n/thousand": "thousand",
    "n/lakh": "lakh",
    "n/crore": "crore",
    "word/today": "today",
    "word/tomorrow": "tomorrow",
    "word/yesterday": "yesterday",
    "word/to": "to",
    "word/minute": "minute",
    "word/minutes": "minutes",
    "word/oh": "oh",
    "word/star": "star",
    "word/hash": "hash",
    "daypart/morning": "in the morning",
    "daypart/afternoon": "in the afternoon",
    "daypart/evening": "in the evening",
    "daypart/night": "at night",
}
