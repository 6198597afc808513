"""Makes the client's table of Chinese syllables from the Unicode Han database.

    python tests/vectors/chinese_syllables.py Unihan_Readings.txt

Each line of the table names a Mandarin syllable in pinyin, a Cantonese one in Jyutping, both
without tones, and the characters that are read so. It has the characters of GB 2312, and those of
the first level of Big5. ``SURNAMES`` adds readings that a character has in a surname alone.
"""

import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

TARGET = Path(__file__).parents[2] / "client/tearline_client/planning/chinese_syllables.txt"

HEADER = """\
# Mandarin and Cantonese syllables of characters, made by tests/vectors/chinese_syllables.py
# from the Unicode Han database 15.1. © 1991-2023 Unicode, Inc.
# Terms of use: https://www.unicode.org/terms_of_use.html
"""
SURNAMES = """\
bo baak 柏
chao ciu 晁
gai koi 盖蓋
ge gap 盖蓋
miao miu 缪繆
ou au 区區
piao piu 朴
qin cam 覃
qiu kau 仇
shan sin 单單
shao siu 召
shen sam 谌諶
sheng sing 晟
wan maan 万萬
wei ngai 隗
xian sin 冼洗
xie haai 解
yu wat 尉
yue ngok 乐樂
yun wan 员員
zeng zang 曾
zha zaa 查
zhai zaak 翟
"""


INTERJECTIONS = {"ei", "n", "ng", "o", "r", "yo"}
"""Syllables that no name has."""


def plain(reading: str) -> str:
    """Returns a reading without its tone; ü is written v."""
    decomposed = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(c for c in decomposed if c.isalpha() and not unicodedata.combining(c))


def is_common(character: str) -> bool:
    """Returns whether a character is in GB 2312, or on the first level of Big5."""
    simplified = character.encode("gb2312", "ignore")
    traditional = int.from_bytes(character.encode("big5", "ignore"))
    return bool(simplified) or 0xA440 <= traditional <= 0xC67E


def table(lines: list[str]) -> str:
    """Returns the table from the lines of the database."""
    readings: dict[str, dict[str, str]] = defaultdict(dict)
    for line in lines:
        if line.startswith("U+"):
            point, name, value = line.split("\t")
            readings[chr(int(point[2:], 16))][name] = value
    characters: dict[tuple[str, str], set[str]] = defaultdict(set)
    for character, found in readings.items():
        if not is_common(character) or not {"kMandarin", "kCantonese"} <= found.keys():
            continue
        frequent = re.sub(r"\(\d+\)", "", found.get("kHanyuPinlu", ""))
        for mandarin in map(plain, f"{found['kMandarin']} {frequent}".split()):
            if mandarin in INTERJECTIONS:
                continue
            for cantonese in map(plain, found["kCantonese"].split()):
                characters[mandarin, cantonese].add(character)
    for line in SURNAMES.splitlines():
        mandarin, cantonese, together = line.split()
        characters[mandarin, cantonese] |= set(together)
    rows = sorted(characters.items())
    return HEADER + "".join(f"{one} {two} {''.join(sorted(all_))}\n" for (one, two), all_ in rows)


if __name__ == "__main__":
    source = Path(sys.argv[1]).read_text(encoding="utf-8")
    TARGET.write_text(table(source.splitlines()), encoding="utf-8")
