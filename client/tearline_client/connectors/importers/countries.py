"""Countries and territories: FollowTheMoney's codes and their English names.

Codes are ISO 3166-1 alpha-2 in lower case, ISO 3166-3 for former states, and FollowTheMoney's
own codes for regions. Names come from English sanctions lists and registers, and from the masks'
table, which has some in Spanish and Chinese. A code without a name is recognised only by its codes:
the alpha-3 of ISO 3166-1 is one.
"""

from functools import cache

from tearline.policy.reference_data import COUNTRIES, plain_name

_NAMES = """
ad Andorra|ae United Arab Emirates|af Afghanistan|ag Antigua and Barbuda|ai Anguilla|al Albania
am Armenia|ao Angola|aq Antarctica|ar Argentina|as American Samoa|at Austria|au Australia|aw Aruba
az Azerbaijan|ba Bosnia and Herzegovina|bb Barbados|bd Bangladesh|be Belgium|bf Burkina Faso
bg Bulgaria|bh Bahrain|bi Burundi|bj Benin|bm Bermuda|bn Brunei|bo Bolivia|br Brazil|bs Bahamas
bs The Bahamas|bt Bhutan|bw Botswana|by Belarus|bz Belize|ca Canada|cd DR Congo
cd Democratic Republic of the Congo|cd Congo, Democratic Republic of the
cf Central African Republic|cg Republic of the Congo|cg Congo, Republic of the|ch Switzerland
ci Cote d Ivoire|ci Cote d'Ivoire|ci Côte d'Ivoire|ci Ivory Coast|ck Cook Islands|cl Chile
cm Cameroon|cn China|cn People's Republic of China|co Colombia|cr Costa Rica|cu Cuba
cv Cape Verde|cw Curacao|cw Curaçao|cy Cyprus|cz Czechia|cz Czech Republic|de Germany|dj Djibouti
dk Denmark|dm Dominica|do Dominican Republic|dz Algeria|ec Ecuador|ee Estonia|eg Egypt|er Eritrea
es Spain|et Ethiopia|eu European Union|fi Finland|fj Fiji|fm Micronesia|fo Faroe Islands|fr France
ga Gabon|gb United Kingdom|gb Great Britain|gb England|gb-nir Northern Ireland|gb-sct Scotland
gb-wls Wales|gd Grenada|ge Georgia|gg Guernsey|gh Ghana|gi Gibraltar|gl Greenland|gm Gambia
gm The Gambia|gn Guinea|gp Guadeloupe|gq Equatorial Guinea|gr Greece|gt Guatemala|gu Guam
gw Guinea-Bissau|gy Guyana|hk Hong Kong|hn Honduras|hr Croatia|ht Haiti|hu Hungary|id Indonesia
ie Ireland|il Israel|im Isle of Man|in India|iq Iraq|ir Iran|is Iceland|it Italy|je Jersey
jm Jamaica|jo Jordan|jp Japan|ke Kenya|kg Kyrgyzstan|kh Cambodia|ki Kiribati|km Comoros
kn Saint Kitts and Nevis|kp North Korea|kp Korea, North|kr South Korea|kr Korea, South|kw Kuwait
ky Cayman Islands|kz Kazakhstan|la Laos|lb Lebanon|lc Saint Lucia|li Liechtenstein|lk Sri Lanka
lr Liberia|ls Lesotho|lt Lithuania|lu Luxembourg|lv Latvia|ly Libya|ma Morocco|mc Monaco
md Moldova|me Montenegro|mg Madagascar|mh Marshall Islands|mk North Macedonia
mk North Macedonia, The Republic of|mk Macedonia|ml Mali|mm Burma|mm Myanmar|mn Mongolia|mo Macau
mo Macao|mq Martinique|mr Mauritania|ms Montserrat|mt Malta|mu Mauritius|mv Maldives|mw Malawi
mx Mexico|my Malaysia|mz Mozambique|na Namibia|ne Niger|ng Nigeria|ni Nicaragua|nl Netherlands
nl The Netherlands|no Norway|np Nepal|nr Nauru|nu Niue|nz New Zealand|om Oman|pa Panama|pe Peru
pg Papua New Guinea|ph Philippines|pk Pakistan|pl Poland|pr Puerto Rico|ps Palestinian
ps Palestinian territories|ps West Bank|pt Portugal|pw Palau|py Paraguay|qa Qatar|ro Romania
rs Serbia|ru Russia|ru Russian Federation|rw Rwanda|sa Saudi Arabia|sb Solomon Islands
sc Seychelles|sd Sudan|se Sweden|sg Singapore|si Slovenia|sk Slovakia|sl Sierra Leone
sm San Marino|sn Senegal|so Somalia|sr Suriname|ss South Sudan|st Sao Tome and Principe
sv El Salvador|sy Syria|sz Eswatini|sz Swaziland|tc Turks and Caicos Islands|td Chad|tg Togo
th Thailand|tj Tajikistan|tl Timor-Leste|tm Turkmenistan|tn Tunisia|to Tonga|tr Turkey|tr Türkiye
tt Trinidad and Tobago|tv Tuvalu|tw Taiwan|tz Tanzania|ua Ukraine|ug Uganda|us United States
us United States of America|uy Uruguay|uz Uzbekistan|va Holy See|va Vatican City
vc Saint Vincent and the Grenadines|ve Venezuela|vg British Virgin Islands
vg Virgin Islands, British|vi U.S. Virgin Islands|vn Vietnam|vu Vanuatu|ws Samoa|xk Kosovo
kp Democratic People's Republic of Korea|sy Syrian Arab Republic|ir Iran (Islamic Republic of)
gb United Kingdom of Great Britain and Northern Ireland|tz United Republic of Tanzania
ye Yemen|za South Africa|zm Zambia|zw Zimbabwe|suhh Soviet Union|yucs Yugoslavia
csxx Serbia and Montenegro|cshh Czechoslovakia|dd East Germany
"""

_CODES_ALONE = """
ac ax az-nk bl bq bv cc cn-xz cp cq cx cy-trnc dg eh fk ge-ab gf gs hm ic io ip iq-kr md-pmr mf mp
nc nf pf pk-km pm pn re sh sj so-som sx ta tf tk ua-cri ua-dpr ua-lpr um un wf x-so yt zr zz
"""

_ALPHA_3 = """
abw-aw afg-af ago-ao aia-ai ala-ax alb-al and-ad are-ae arg-ar arm-am asm-as ata-aq atf-tf atg-ag
aus-au aut-at aze-az bdi-bi bel-be ben-bj bes-bq bfa-bf bgd-bd bgr-bg bhr-bh bhs-bs bih-ba blm-bl
blr-by blz-bz bmu-bm bol-bo bra-br brb-bb brn-bn btn-bt bvt-bv bwa-bw caf-cf can-ca cck-cc che-ch
chl-cl chn-cn civ-ci cmr-cm cod-cd cog-cg cok-ck col-co com-km cpv-cv cri-cr cub-cu cuw-cw cxr-cx
cym-ky cyp-cy cze-cz deu-de dji-dj dma-dm dnk-dk dom-do dza-dz ecu-ec egy-eg eri-er esh-eh esp-es
est-ee eth-et fin-fi fji-fj flk-fk fra-fr fro-fo fsm-fm gab-ga gbr-gb geo-ge ggy-gg gha-gh gib-gi
gin-gn glp-gp gmb-gm gnb-gw gnq-gq grc-gr grd-gd grl-gl gtm-gt guf-gf gum-gu guy-gy hkg-hk hmd-hm
hnd-hn hrv-hr hti-ht hun-hu idn-id imn-im ind-in iot-io irl-ie irn-ir irq-iq isl-is isr-il ita-it
jam-jm jey-je jor-jo jpn-jp kaz-kz ken-ke kgz-kg khm-kh kir-ki kna-kn kor-kr kwt-kw lao-la lbn-lb
lbr-lr lby-ly lca-lc lie-li lka-lk lso-ls ltu-lt lux-lu lva-lv mac-mo maf-mf mar-ma mco-mc mda-md
mdg-mg mdv-mv mex-mx mhl-mh mkd-mk mli-ml mlt-mt mmr-mm mne-me mng-mn mnp-mp moz-mz mrt-mr msr-ms
mtq-mq mus-mu mwi-mw mys-my myt-yt nam-na ncl-nc ner-ne nfk-nf nga-ng nic-ni niu-nu nld-nl nor-no
npl-np nru-nr nzl-nz omn-om pak-pk pan-pa pcn-pn per-pe phl-ph plw-pw png-pg pol-pl pri-pr prk-kp
prt-pt pry-py pse-ps pyf-pf qat-qa reu-re rou-ro rus-ru rwa-rw sau-sa sdn-sd sen-sn sgp-sg sgs-gs
shn-sh sjm-sj slb-sb sle-sl slv-sv smr-sm som-so spm-pm srb-rs ssd-ss stp-st sur-sr svk-sk svn-si
swe-se swz-sz sxm-sx syc-sc syr-sy tca-tc tcd-td tgo-tg tha-th tjk-tj tkl-tk tkm-tm tls-tl ton-to
tto-tt tun-tn tur-tr tuv-tv twn-tw tza-tz uga-ug ukr-ua umi-um ury-uy usa-us uzb-uz vat-va vct-vc
ven-ve vgb-vg vir-vi vnm-vn vut-vu wlf-wf wsm-ws yem-ye zaf-za zmb-zm zwe-zw
"""


@cache
def country_names() -> tuple[tuple[str, str], ...]:
    """Returns every name with its code; a country may have several names."""
    entries = [entry for line in _NAMES.split("\n") for entry in line.split("|") if entry]
    return tuple((name, code) for code, _, name in (entry.partition(" ") for entry in entries))


@cache
def country_codes() -> frozenset[str]:
    """Returns every code of FollowTheMoney."""
    return frozenset(code for _, code in country_names()) | frozenset(_CODES_ALONE.split())


@cache
def _codes_by_name() -> dict[str, str]:
    alpha_3 = dict(pair.split("-") for pair in _ALPHA_3.split())
    return alpha_3 | {name.casefold(): code for name, code in country_names()}


def country_code(text: str) -> str | None:
    """Returns the code of the country with the name or code ``text``, or None."""
    folded = " ".join(text.split()).casefold()
    if folded in country_codes():
        return folded
    by_mask = None if any(map(str.isdigit, folded)) else COUNTRIES.get(plain_name(folded))
    return _codes_by_name().get(folded) or by_mask
