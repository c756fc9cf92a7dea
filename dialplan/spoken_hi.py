"""Hindi: our own tables of what is spoken inside a sentence (num2words has no Hindi)."""

# Every number below a hundred has a word of its own, so all are written out.
_NUMBERS = """
    शून्य
    एक दो तीन चार पाँच छह सात आठ नौ दस
    ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस
    इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस
    इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस
    इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास
    इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ
    इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर
    इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी अस्सी
    इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे
    इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे
"""
NUMBERS = tuple(_NUMBERS.split())

_MONTHS = """
    जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
"""
MONTHS = tuple(_MONTHS.split())
DAYS = NUMBERS[1:32]
O_CLOCK = "बजे"

WORDS = {
    "n/hundred": "सौ",
    "n/thousand": "हज़ार",
    "n/lakh": "लाख",
    "n/crore": "करोड़",
    "word/today": "आज",
    "word/tomorrow": "कल",
    "word/yesterday": "कल",
    "word/to": "से",
    "word/minute": "मिनट",
    "word/minutes": "मिनट",
    "word/past": "बजकर",
    "word/star": "स्टार",
    "word/hash": "हैश",
    "daypart/morning": "सुबह",
    "daypart/afternoon": "दोपहर",
    "daypart/evening": "शाम",
    "daypart/night": "रात",
}
