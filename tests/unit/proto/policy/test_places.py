"""A region or country is told where the text names it for certain, and never another place."""

import pytest

from support.cases import each_case
from tearline.policy.masks import generalise


def told(prop: str, value: str) -> str | None:
    form = generalise(f"t/Address/{prop}", [value])
    return form and form.values[0]


SHARED = (
    "Washington", "Georgia", "Distrito Federal", "Victoria", "Granada", "Córdoba", "León",
    "Birmingham", "Santiago", "Guerrero", "Hidalgo", "Morelos", "Tabasco", "Durango", "Florida",
    "Montana", "Maryland", "Wyoming", "Delaware", "Hainan", "海南", "河南", "Mérida",
)  # fmt: skip


@each_case("name", SHARED)
@each_case("prop", ["full", "city", "region", "state", "street", "name", "country"])
def test_a_name_that_several_places_have_tells_none(name: str, prop: str) -> None:
    assert told(prop, name) is None


@each_case("name", ["Peru", "Panama", "China", "Macau", "la", "ca", "de", "印度"])
@each_case("prop", ["city", "street", "state", "region", "name", "postOfficeBox"])
def test_a_country_s_name_in_the_place_of_a_smaller_one_tells_none(name: str, prop: str) -> None:
    assert told(prop, name) is None


@each_case(
    ("value", "place"),
    [
        ("Washington, USA", "us"),  # the city is of no state
        ("Capitol Hill, Washington, USA", "us"),
        ("Washington, DC 20001, USA", "us-dc"),
        ("Seattle, WA 98101, USA", "us-wa"),
        ("Seattle, Washington State, USA", "us-wa"),
        ("State of Washington, United States", "us-wa"),
        ("Hollywood, LA, USA", "us"),  # or Louisiana
        ("Tbilisi, Georgia", None),
        ("Atlanta, Georgia", None),
        ("Atlanta, Georgia, USA", "us-ga"),
        ("Brasília, Distrito Federal, Brasil", "br"),
        ("Roma Norte, Distrito Federal, México", "mx-cmx"),
        ("Caracas, Distrito Federal, Venezuela", "ve"),
        ("Granada, Nicaragua", "ni"),
        ("Granada, España", "es"),
        ("Granada", None),
        ("Córdoba, Argentina", "ar"),
        ("Córdoba, Veracruz, México", "mx-ver"),
        ("León, Guanajuato, México", "mx-gua"),
        ("León, Nicaragua", "ni"),
        ("Santiago, Chile", "cl"),
        ("Santiago, Nuevo León, México", "mx-nle"),
        ("Victoria, Australia", "au"),
        ("Ciudad Hidalgo, Hidalgo, México", "mx"),
        ("Pachuca, Estado de Hidalgo, México", "mx-hid"),
        ("Toluca, México, México", "mx"),
        ("Toluca, Estado de México, México", "mx-mex"),
        ("Birmingham, Alabama, USA", "us-al"),
        ("Birmingham, UK", None),
        ("Haikou, Hainan, China", "cn"),  # a prefecture of another province has the name
        ("Haikou, Hainan Province, China", "cn-hi"),
        # By ISO 3166-1, whatever stands behind the name.
        ("Kowloon, Hong Kong", "hk"),
        ("Kowloon, Hong Kong, China", "hk"),
        ("Macau, China", "mo"),
        ("Taipei, Taiwan", "tw"),
        ("Taipei, Taiwan, China", "tw"),
        ("Taipei, Taiwan, Province of China", "tw"),
        ("中国香港特别行政区中西区", "hk"),
        ("香港特别行政区", "hk"),
        ("中国澳门", "mo"),
        ("中国台湾省台北市", "tw"),
        ("台湾省台北市", "tw"),
        # Streets and buildings are named after places.
        ("北京东路668号", None),
        ("上海市北京东路668号", "cn-sh"),
        ("香港中路10号", None),
        ("澳门路", None),
        ("中国银行大厦", None),
        ("美国驻华大使馆", None),
        ("韩国城", None),
        ("北京市场路1号", None),
        ("墨西哥餐厅", None),
        ("澳大利亚大使馆", None),
        ("美国超市", None),
        ("美国驻成都市总领事馆", None),
        ("广东省驻北京办事处", None),
        ("英国宫小区", None),
        ("泰国曼谷", None),  # as 泰国料理 is none; a title or a comma decides
        ("泰国曼谷市", "th"),
        ("泰国，曼谷", "th"),
        ("日本东京都新宿区", "jp"),
        ("中国香港九龙弥敦道100号", "hk"),
        ("印度尼西亚雅加达市", "id"),  # begins with the name of India
        ("哥伦比亚特区", None),  # the District of Columbia
        ("越南河南省", "vn"),
        ("中国海南藏族自治州", "cn"),
        ("中国海南省", "cn-hi"),
        ("广西壮族自治区南宁市", "cn-gx"),
        ("内蒙古自治区", "cn-nm"),
        ("中国，广东，深圳", "cn-gd"),
        ("广东深圳", None),
        ("韩国首尔市", "kr"),
    ],
)
def test_an_address_tells_the_place_that_it_names(value: str, place: str | None) -> None:
    assert told("full", value) == place


@pytest.mark.parametrize(
    ("value", "code"),
    [("mx", "mx"), ("Mexico", "mx"), ("哥伦比亚", "co"), ("Hong Kong", "hk"), ("中国台湾", "tw")],
)
def test_a_country_s_property_tells_a_country_that_stands_alone(value: str, code: str) -> None:
    assert told("country", value) == code
