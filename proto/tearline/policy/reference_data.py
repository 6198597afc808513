"""Lookup tables of the masks: regions, calling codes, scheduled chemicals.

They cover the product's uses and are part of the masks' digest. A value outside them is not
generalised: the reader then only learns that it exists.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType


def plain_name(text: str) -> str:
    """Returns ``text`` for a lookup: without accents, digits, case and outer punctuation."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(
        " " if not c.isalpha() else c for c in decomposed if not unicodedata.combining(c)
    )
    return " ".join(letters.casefold().split())


def _names(rows: Iterable[str]) -> Mapping[str, str]:
    """Returns ``code name|name|…`` rows as a mapping from each plain name to its code."""
    table: dict[str, str] = {}
    for row in rows:
        code, _, names = row.partition(" ")
        table |= {plain_name(name): code for name in names.split("|")}
    return MappingProxyType(table)


# ISO 3166-1 alpha-2, in lower case as FollowTheMoney writes it; English, Spanish, Chinese.
COUNTRIES = _names(
    (
        "us United States|United States of America|USA|Estados Unidos|EE UU|EUA|美国",
        "cn China|People's Republic of China|PRC|中国|中华人民共和国",
        "mx Mexico|United Mexican States|Estados Unidos Mexicanos|墨西哥",
        "hk Hong Kong|Hong Kong, China|香港|中国香港|香港特别行政区|香港岛|香港九龙|香港新界",
        "mo Macau|Macao|Macau, China|Macao, China|澳门|中国澳门|澳门特别行政区|澳门半岛",
        "tw Taiwan|Taiwan, China|Taiwan, Province of China|台湾|中国台湾",
        "ca Canada|加拿大",
        "gt Guatemala|危地马拉",
        "bz Belize|Belice|伯利兹",
        "sv El Salvador|萨尔瓦多",
        "hn Honduras|洪都拉斯",
        "ni Nicaragua|尼加拉瓜",
        "cr Costa Rica|哥斯达黎加",
        "pa Panama|巴拿马",
        "co Colombia|哥伦比亚",
        "ve Venezuela|委内瑞拉",
        "ec Ecuador|厄瓜多尔",
        "pe Peru|秘鲁",
        "bo Bolivia|玻利维亚",
        "br Brazil|Brasil|巴西",
        "ar Argentina|阿根廷",
        "cl Chile|智利",
        "py Paraguay|巴拉圭",
        "do Dominican Republic|República Dominicana|多米尼加",
        "es Spain|España|西班牙",
        "gb United Kingdom|Great Britain|Reino Unido|英国",
        "de Germany|Deutschland|Alemania|德国",
        "fr France|Francia|法国",
        "nl Netherlands|Países Bajos|荷兰",
        "be Belgium|Bélgica|比利时",
        "it Italy|Italia|意大利",
        "ch Switzerland|Suiza|瑞士",
        "ae United Arab Emirates|Emiratos Árabes Unidos|阿联酋",
        "in India|印度",
        "id Indonesia|印度尼西亚",
        "sg Singapore|Singapur|新加坡",
        "my Malaysia|Malasia|马来西亚",
        "th Thailand|Tailandia|泰国",
        "vn Vietnam|越南",
        "mm Myanmar|缅甸",
        "la Laos|老挝",
        "ph Philippines|Filipinas|菲律宾",
        "jp Japan|Japón|日本",
        "kr South Korea|Corea del Sur|韩国",
        "au Australia|澳大利亚",
    )
)

# ISO 3166-2, in lower case; in the languages of the country and in English.
REGIONS = _names(
    (
        "us-al Alabama",
        "us-ak Alaska",
        "us-az Arizona",
        "us-ar Arkansas",
        "us-ca California",
        "us-co Colorado",
        "us-ct Connecticut",
        "us-de Delaware",
        "us-dc District of Columbia",
        "us-fl Florida",
        "us-ga Georgia",
        "us-hi Hawaii",
        "us-id Idaho",
        "us-il Illinois",
        "us-in Indiana",
        "us-ia Iowa",
        "us-ks Kansas",
        "us-ky Kentucky",
        "us-la Louisiana",
        "us-me Maine",
        "us-md Maryland",
        "us-ma Massachusetts",
        "us-mi Michigan",
        "us-mn Minnesota",
        "us-ms Mississippi",
        "us-mo Missouri",
        "us-mt Montana",
        "us-ne Nebraska",
        "us-nv Nevada",
        "us-nh New Hampshire",
        "us-nj New Jersey",
        "us-nm New Mexico",
        "us-ny New York",
        "us-nc North Carolina",
        "us-nd North Dakota",
        "us-oh Ohio",
        "us-ok Oklahoma",
        "us-or Oregon",
        "us-pa Pennsylvania",
        "us-ri Rhode Island",
        "us-sc South Carolina",
        "us-sd South Dakota",
        "us-tn Tennessee",
        "us-tx Texas",
        "us-ut Utah",
        "us-vt Vermont",
        "us-va Virginia",
        "us-wa Washington",
        "us-wv West Virginia",
        "us-wi Wisconsin",
        "us-wy Wyoming",
        "us-pr Puerto Rico",
        "mx-agu Aguascalientes",
        "mx-bcn Baja California",
        "mx-bcs Baja California Sur",
        "mx-cam Campeche",
        "mx-chp Chiapas",
        "mx-chh Chihuahua",
        "mx-cmx Ciudad de México|Mexico City|CDMX|Distrito Federal",
        "mx-coa Coahuila|Coahuila de Zaragoza",
        "mx-col Colima",
        "mx-dur Durango",
        "mx-gua Guanajuato",
        "mx-gro Guerrero",
        "mx-hid Hidalgo",
        "mx-jal Jalisco",
        "mx-mex Estado de México|State of Mexico|Edomex",
        "mx-mic Michoacán|Michoacán de Ocampo",
        "mx-mor Morelos",
        "mx-nay Nayarit",
        "mx-nle Nuevo León",
        "mx-oax Oaxaca",
        "mx-pue Puebla",
        "mx-que Querétaro",
        "mx-roo Quintana Roo",
        "mx-slp San Luis Potosí",
        "mx-sin Sinaloa",
        "mx-son Sonora",
        "mx-tab Tabasco",
        "mx-tam Tamaulipas",
        "mx-tla Tlaxcala",
        "mx-ver Veracruz|Veracruz de Ignacio de la Llave",
        "mx-yuc Yucatán",
        "mx-zac Zacatecas",
        "cn-ah Anhui|安徽",
        "cn-bj Beijing|北京",
        "cn-cq Chongqing|重庆",
        "cn-fj Fujian|福建",
        "cn-gd Guangdong|广东",
        "cn-gs Gansu|甘肃",
        "cn-gx Guangxi|广西",
        "cn-gz Guizhou|贵州",
        "cn-ha Henan|河南",
        "cn-hb Hubei|湖北",
        "cn-he Hebei|河北",
        "cn-hi Hainan|海南",
        "cn-hl Heilongjiang|黑龙江",
        "cn-hn Hunan|湖南",
        "cn-jl Jilin|吉林",
        "cn-js Jiangsu|江苏",
        "cn-jx Jiangxi|江西",
        "cn-ln Liaoning|辽宁",
        "cn-nm Inner Mongolia|Nei Mongol|内蒙古",
        "cn-nx Ningxia|宁夏",
        "cn-qh Qinghai|青海",
        "cn-sc Sichuan|四川",
        "cn-sd Shandong|山东",
        "cn-sh Shanghai|上海",
        "cn-sn Shaanxi|陕西",
        "cn-sx Shanxi|山西",
        "cn-tj Tianjin|天津",
        "cn-xj Xinjiang|新疆",
        "cn-xz Tibet|Xizang|西藏",
        "cn-yn Yunnan|云南",
        "cn-zj Zhejiang|浙江",
    )
)

# Regions: a place of 5,000 people or more in another region of the country has the name, by
# GeoNames; or a prefecture or county. LA is Los Angeles as well.
_SHARED_REGIONS = (
    "Washington|Wyoming|Delaware|Oregon|Indiana|California|Virginia|Nevada|LA"
    "|Hidalgo|Puebla|Morelos|Guerrero|Tabasco|Hainan|Henan|Jiangxi"
)
_SHARED_COUNTRIES = "哥伦比亚|萨尔瓦多"  # Columbia and Salvador are written so, too
SHARED_NAMES = frozenset(map(plain_name, f"{_SHARED_REGIONS}|{_SHARED_COUNTRIES}".split("|")))
"""Names that other places have, too: they tell a region or country only with a further word."""

# Scripts in which one character is a syllable or a word: Han, Hangul, kana, bopomofo, Yi and
# others; a surname is often one, and a whole name two.
SYLLABIC_RANGES = (
    ("\u1100", "\u11ff"),
    ("\u2e80", "\u2fdf"),
    ("\u3005", "\u3007"),
    ("\u3040", "\u318f"),
    ("\u31a0", "\u31bf"),
    ("\u31f0", "\u31ff"),
    ("\u3400", "\u9fff"),
    ("\ua000", "\ua4cf"),
    ("\ua960", "\ua97f"),
    ("\uac00", "\ud7ff"),
    ("\uf900", "\ufaff"),
    ("\U00016fe0", "\U00018dff"),
    ("\U0001aff0", "\U0001b2ff"),
    ("\U00020000", "\U0003ffff"),
)


def is_syllabic(text: str) -> bool:
    """Returns whether a text is one character of such a script."""
    return any(first <= text <= last for first, last in SYLLABIC_RANGES)


# ITU-T E.164: calling codes of one and two digits; all others have three.
_SHORT_CALLING_CODES = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62"
    " 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98"
)
SHORT_CALLING_CODES = frozenset(_SHORT_CALLING_CODES.split())

# Tables I and II of the United Nations Convention of 1988, as amended to 2024, by CAS number.
_TABLE_I = {
    "108-24-7": "acetic anhydride",
    "89-52-1": "n-acetylanthranilic acid",
    "23056-29-3": "4-ap",
    "125541-22-2": "boc-4-ap",
    "21409-26-7": "anpp",
    "39742-60-4": "npp",
    "1609-66-1": "norfentanyl",
    "41661-47-6": "4-piperidone",
    "79099-07-3": "1-boc-4-piperidone",
    "4433-77-6": "apaa",
    "4468-48-8": "apaan",
    "16648-44-5": "mapa",
    "299-42-3": "ephedrine",
    "60-79-7": "ergometrine",
    "113-15-5": "ergotamine",
    "25547-51-7": "bmk glycidic acid",
    "80532-66-7": "bmk methyl glycidate",
    "2167189-50-4": "pmk glycidic acid",
    "13605-48-6": "pmk methyl glycidate",
    "120-58-1": "isosafrole",
    "82-58-6": "lysergic acid",
    "4676-39-5": "3,4-mdp-2-p",
    "14838-15-4": "norephedrine",
    "103-82-2": "phenylacetic acid",
    "103-79-7": "p-2-p",
    "120-57-0": "piperonal",
    "7722-64-7": "potassium permanganate",
    "90-82-4": "pseudoephedrine",
    "94-59-7": "safrole",
}
_TABLE_II = {
    "67-64-1": "acetone",
    "118-92-3": "anthranilic acid",
    "60-29-7": "ethyl ether",
    "7647-01-0": "hydrochloric acid",
    "78-93-3": "methyl ethyl ketone",
    "110-89-4": "piperidine",
    "7664-93-9": "sulphuric acid",
    "108-88-3": "toluene",
}
UN_TABLES: Mapping[str, str] = MappingProxyType(
    {key: "I" for pair in _TABLE_I.items() for key in pair}
    | {key: "II" for pair in _TABLE_II.items() for key in pair}
)
"""Maps each CAS number and each lower-case name to ``I`` or ``II``."""


def table_lines() -> list[str]:
    """Returns every row of every table, as text for a digest."""
    tables = (("country", COUNTRIES), ("region", REGIONS), ("substance", UN_TABLES))
    lines = [f"{title} {k} {v}" for title, table in tables for k, v in sorted(table.items())]
    lines += [f"shared {name}" for name in sorted(SHARED_NAMES)]
    return [*lines, f"calling {_SHORT_CALLING_CODES}"]
