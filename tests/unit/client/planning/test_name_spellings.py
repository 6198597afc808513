"""Names in other spellings: found where the same person may be meant, and not elsewhere."""

import pytest

from support.cases import each_case
from tearline.packets.packet import Field
from tearline.policy.profile import marking_of
from tearline_client.planning.chinese_names import ChineseName
from tearline_client.planning.romanisation import System, spellings
from tearline_client.planning.text_search import Match, Rank, SearchTerms

TOKEN = "0a" * 16

TRANSCRIBED = [
    # Wade-Giles, with and without the signs, and pinyin or characters
    ("Ch'iu Wen-hao", "Qiu Wenhao", "Wade-Giles"),
    ("Ch’iu Wên-hao", "邱文浩", "Wade-Giles"),
    ("Chiu Wen-hao", "Qiu Wenhao", "Wade-Giles"),
    ("CHIU Wen Hao", "Wenhao Qiu", "Wade-Giles"),
    ("Wen-hao Chiu", "邱文浩", "Wade-Giles"),
    ("邱文浩", "Ch'iu, Wen-hao", "Wade-Giles"),
    ("Qiú Wénhào", "CH'IU WEN-HAO", "Wade-Giles"),
    ("Chang Chih-ming", "张志明", "Wade-Giles"),
    ("Hsü Li-hua", "Xu Lihua", "Wade-Giles"),
    ("Hsu Li-hua", "許麗華", "Wade-Giles"),
    ("Tseng Kuo-ch'iang", "曾国强", "Wade-Giles"),
    ("Kuo Tzu-ch'un", "Guo Zichun", "Wade-Giles"),
    ("Ts'ai Yü-chen", "Cai Yuzhen", "Wade-Giles"),
    ("Hsieh Jung-hsiang", "谢荣祥", "Wade-Giles"),
    ("Yeh Shih-chieh", "叶世杰", "Wade-Giles"),
    ("Ou-yang Hsiu-ying", "欧阳秀英", "Wade-Giles"),
    ("Jen Chien-kuo", "Jianguo Ren", "Wade-Giles"),
    # pinyin: surnames with a reading of their own, ü, apostrophes and syllables apart
    ("Shan Xiongwei", "单雄伟", "pinyin"),
    ("Xie Xiaoyan", "解晓燕", "pinyin"),
    ("Lyu Fang", "吕芳", "pinyin"),
    ("Lü Fang", "LYU Fang", "pinyin"),
    ("Zha Wenbin", "查文斌", "pinyin"),
    ("Zhai Yun", "翟云", "pinyin"),
    # older spellings
    ("Soong Mei-ling", "Song Meiling", "older spelling"),
    ("Hwang Kien-kuo", "黄建国", "older spelling"),
    ("Chow Li-kiang", "Zhou Lijiang", "older spelling"),
    # Cantonese, with characters and, of three syllables, with Mandarin spellings
    ("Chan Tai Man", "陳大文", "Cantonese"),
    ("Chan Tai-man", "Chen Dawen", "Cantonese"),
    ("Tai Man Chan", "陈大文", "Cantonese"),
    ("David CHAN Tai Man", "陈大文", "Cantonese"),
    ("Wong Ka Wai", "黃家偉", "Cantonese"),
    ("Ng Siu Ming", "吴小明", "Cantonese"),
    ("Cheung Hok-yin", "張學賢", "Cantonese"),
    ("Lee Kwok Keung", "Li Guoqiang", "Cantonese"),
    ("Tsang Wai", "曾伟", "Cantonese"),
    ("Kwok Siu Fung", "Guo Shaofeng", "Cantonese"),
]
SHORTENED = [
    ("W. H. Qiu", "Qiu Wenhao", "initials"),
    ("WH Qiu", "邱文浩", "initials"),
    ("Qiu W.-H.", "邱文浩", "initials"),
    ("Wenhao Qiu", "Qiu W.", "initials"),
    ("J. Pérez", "Juan Pérez López", "initials"),
    ("J. C. Pérez", "Juan Carlos Pérez", "initials"),
    ("María Fernanda Pérez", "PEREZ M. F.", "initials"),
    ("J. C. Pérez", "J. Pérez", "initials"),
    ("С. Петров", "Сергей Петров", "initials"),
    ("Juan García Márquez", "Juan García", "one surname"),
    ("Juan García Márquez", "García, Juan", "one surname"),
    ("García Márquez, Juan", "Juan García", "one surname"),
    ("GARCÍA MÁRQUEZ Juan", "Juan García", "one surname"),
    ("María Fernanda Pérez López", "Fernanda Pérez", "one surname"),
    ("Juan de la Cruz", "Juan Cruz", "particles"),
    ("José Ortega y Vega", "José Ortega Vega", "particles"),
    ("Fco. Ríos Vega", "Francisco Ríos Vega", "abbreviated"),
    ("Juan Hdez. Ríos", "Juan Hernández Ríos", "abbreviated"),
]
DIFFERENT = [
    ("Qiu Wenhao", "Jiu Wenhao"),
    ("Ch'iu Wen-hao", "Jiu Wenhao"),
    ("Ch'iu Wen-hao", "Qiu Wenhan"),
    ("Chiu Wen-hao", "Zhou Wenhao"),
    ("Chang Chih-ming", "Zhang Ziming"),
    ("Chang Chih-ming", "张明志"),
    ("Hsu Li-hua", "Shu Lihua"),
    ("Zhang Ji", "Zhang Qi"),
    ("Chan Tai Man", "张大文"),
    ("Chan Tai Man", "Wang Dawen"),
    ("Chan Man", "Chen Wen"),
    ("Wong Ka Wai", "Li Jiawei"),
    ("Hsu", "Xu Lihua"),
    ("Li Wei", "Wang Wei"),
    ("Li Wei", "Li Wen"),
    ("Shan Xiongwei", "Dan Yongwei"),
    ("M. Qiu", "Qiu Wenhao"),
    ("J. Pérez", "Pérez Mojica"),
    ("J. Pérez", "María Pérez"),
    ("J. M. Pérez", "Juan Carlos Pérez"),
    ("J. P.", "Juan Pérez"),
    ("LI Wei", "Lara Irene Wei"),
    ("NG Wai", "Nora Gil Wai"),
    ("Juan García Márquez", "Juan Márquez"),
    ("Juan García Márquez", "Juan García López"),
    ("Juan García Márquez", "García Márquez"),
    ("Juan García Márquez", "Pedro García"),
    ("García Márquez, Juan", "Juan Márquez"),
    ("María Fernanda Pérez López", "María López"),
    ("Juan de la Cruz", "Juan de la Torre"),
]


def match(sought: str, value: str, path: str = "Person/name", *, widen: bool = True):
    field = Field(
        path=f"{TOKEN}/{path}", values=(value.encode(),), marking=marking_of(f"{TOKEN}/{path}")
    )
    return SearchTerms(sought, widen=widen).match(field)


@each_case(("sought", "value", "system"), TRANSCRIBED)
def test_another_transcription_is_found_and_named(sought: str, value: str, system: str) -> None:
    for one, two in ((sought, value), (value, sought)):
        found = match(one, two)
        assert found is not None
        assert (found.rank, found.widened_by.partition(":")[0]) == (Rank.TRANSCRIBED, system)


@each_case(("sought", "value", "by"), SHORTENED)
def test_a_short_form_is_found_and_named(sought: str, value: str, by: str) -> None:
    assert match(sought, value) == Match(rank=Rank.SHORTENED, widened_by=by)
    assert match(value, sought) is not None


@each_case(("sought", "value"), DIFFERENT)
def test_another_name_is_not_found(sought: str, value: str) -> None:
    assert match(sought, value) is None


@each_case(("sought", "value"), [row[:2] for row in (*TRANSCRIBED, *SHORTENED)])
def test_a_search_is_not_widened_on_request_nor_outside_names(sought: str, value: str) -> None:
    narrow = match(sought, value, widen=False)
    elsewhere = match(sought, value, "Person/notes")
    assert not any(found and found.rank.is_widened for found in (narrow, elsewhere))


def test_a_match_with_the_same_letters_goes_before_a_widened_one() -> None:
    path = f"{TOKEN}/Person/name"
    field = Field(path=path, values=(b"Ch'iu Wen-hao", b"Qiu Wenhao"), marking=marking_of(path))
    assert SearchTerms("Wenhao Qiu").match(field) == Match(rank=Rank.FOLDED)


def test_the_common_syllables_are_named() -> None:
    found = match("Tseng Kuo-ch'iang", "曾国强")
    assert found is not None
    assert found.widened_by == "Wade-Giles: ceng/zeng guo qiang"


@pytest.mark.parametrize("system", System)
def test_each_spelling_has_few_syllables(system: System) -> None:
    known = spellings(system)
    assert len(known) > 350
    assert max(map(len, known.values())) <= 8


def test_the_readings_of_a_name_are_bounded() -> None:
    assert len(ChineseName("angangangangangangangana " * 5).readings) == 0
    assert 0 < len(ChineseName("fangang yuananang xianian").readings) <= 128
    assert ChineseName("wen " * 6).readings == ()
