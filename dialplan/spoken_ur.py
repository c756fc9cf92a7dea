"""Urdu: our own tables of what is spoken inside a sentence (num2words has no Urdu)."""

# Every number below a hundred has a word of its own, so all are written out.
_NUMBERS = """
    صفر
    ایک دو تین چار پانچ چھ سات آٹھ نو دس
    گیارہ بارہ تیرہ چودہ پندرہ سولہ سترہ اٹھارہ انیس بیس
    اکیس بائیس تئیس چوبیس پچیس چھبیس ستائیس اٹھائیس انتیس تیس
    اکتیس بتیس تینتیس چونتیس پینتیس چھتیس سینتیس اڑتیس انتالیس چالیس
    اکتالیس بیالیس تینتالیس چوالیس پینتالیس چھیالیس سینتالیس اڑتالیس انچاس پچاس
    اکیاون باون ترپن چون پچپن چھپن ستاون اٹھاون انسٹھ ساٹھ
    اکسٹھ باسٹھ ترسٹھ چونسٹھ پینسٹھ چھیاسٹھ سڑسٹھ اڑسٹھ انہتر ستر
    اکہتر بہتر تہتر چوہتر پچہتر چھہتر ستتر اٹھہتر اناسی اسی
    اکیاسی بیاسی تراسی چوراسی پچاسی چھیاسی ستاسی اٹھاسی نواسی نوے
    اکانوے بانوے ترانوے چورانوے پچانوے چھیانوے ستانوے اٹھانوے ننانوے
"""
NUMBERS = tuple(_NUMBERS.split())

_MONTHS = """
    جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر
"""
MONTHS = tuple(_MONTHS.split())
# The first of a month has a word of its own.
DAYS = ("یکم", *NUMBERS[2:32])
O_CLOCK = "بجے"

WORDS = {
    "n/hundred": "سو",
    "n/thousand": "ہزار",
    "n/lakh": "لاکھ",
    "n/crore": "کروڑ",
    "word/today": "آج",
    "word/tomorrow": "کل",
    "word/yesterday": "کل",
    "word/to": "سے",
    "word/minute": "منٹ",
    "word/minutes": "منٹ",
    "word/past": "بج کر",
    "word/star": "اسٹار",
    "word/hash": "ہیش",
    "daypart/morning": "صبح",
    "daypart/afternoon": "دوپہر",
    "daypart/evening": "شام",
    "daypart/night": "رات",
}
