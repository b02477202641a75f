"""Names nobody is likely to bear: rare family names with invented given names."""

from random import Random

FAMILY = list(
    "蔺郗漆甯隗寿逄亓仉郏璩綦麴郤郄宓蒯蓟桓邰鄢雒笪訾晏弭冼竺逯缑揭娄酆臧昝郁莘衡敖粟荀芮羿储靳汲邴糜"
)
FIRST = list("泠芷槿砚舟岫棠黎霁蘅澍沅笙苡栩珩昀璟栎旻苒汐荻榆澈筠芃潋沐昭")
SECOND = list("川岚禾屿舒之言遥宁溪原青野辰白远予安和朗秋微知衍初景南星里溯")


def family_name(rng: Random) -> str:
    return rng.choice(FAMILY)


def given_name(rng: Random) -> str:
    return rng.choice(FIRST) + (rng.choice(SECOND) if rng.random() < 0.9 else "")


def full_name(rng: Random) -> str:
    return family_name(rng) + given_name(rng)
