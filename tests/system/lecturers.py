"""A survey in which students rate lecturers: what they say, the campaign of it, and its indices in plain fractions.

InstEval of the R package lme4 (GPL-2 or later; it is not part of this project): 73,421 ratings from 1 to 5 that 2,972
students of ETH Zürich in four groups by semesters studied gave 1,128 lecturers of 14 departments. Where the file is
not there, a survey of the same shape is made up. Nothing here knows the services.
"""

from __future__ import annotations

import csv
import gzip
import os
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[2]
CAMPAIGN = "insteval"
PERCENT = {1: 0, 2: 25, 3: 50, 4: 75, 5: 100}
POINTS = Fraction(3)
SEMESTERS = ("2", "4", "6", "8")
STUDENTS, LECTURERS, DEPARTMENTS, RATINGS = 2_972, 1_128, 14, 73_421


@dataclass(frozen=True)
class Student:
    """A respondent: the id of the response, the group, and lecturer → rating."""

    response: str
    group: str
    ratings: Mapping[str, int]


@dataclass(frozen=True)
class Survey:
    """Who rates whom. `department` of each lecturer."""

    real: bool
    department: Mapping[str, str]
    students: Sequence[Student]

    @property
    def departments(self) -> list[str]:
        return sorted(set(self.department.values()), key=int)

    @property
    def groups(self) -> list[str]:
        return sorted({student.group for student in self.students}, key=int)


def insteval(rng: Random) -> Survey:
    """The real survey from PARINDEX_INSTEVAL or ../shared/data; where neither is there, one made up like it."""
    path = Path(os.environ.get("PARINDEX_INSTEVAL") or ROOT.parent / "shared" / "data" / "insteval.csv.gz")
    if not path.exists():
        return made_up(rng)
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    ratings: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        of = ratings.setdefault((row["respondent"], row["group"]), {})
        assert row["unit"] not in of, "nobody rates a lecturer twice"
        of[row["unit"]] = int(row["rating"])
    department = {row["unit"]: row["block"] for row in rows}
    survey = Survey(
        real=True,
        department=department,
        students=[Student(response_id(rng), group, given) for (_, group), given in ratings.items()],
    )
    assert (len(rows), len(survey.students), len(department), len(survey.departments)) == (
        RATINGS,
        STUDENTS,
        LECTURERS,
        DEPARTMENTS,
    )
    return survey


def made_up(rng: Random, students: int = STUDENTS, lecturers: int = LECTURERS) -> Survey:
    """A survey of the same shape: each lecturer has a true worth, each student rates 1 to about 50 of them."""
    department = {str(1000 + number): str(1 + number % DEPARTMENTS) for number in range(lecturers)}
    worth = {lecturer: rng.gauss(3.2, 0.6) for lecturer in department}
    made = []
    for number in range(students):
        rated = rng.sample(list(department), rng.randint(1, min(49, lecturers)))
        # Every lecturer is rated by somebody.
        rated = list(dict.fromkeys([*rated, str(1000 + number % lecturers)]))
        given = {lecturer: min(5, max(1, round(rng.gauss(worth[lecturer], 1.1)))) for lecturer in rated}
        made.append(Student(response_id(rng), rng.choice(SEMESTERS), given))
    return Survey(real=False, department=department, students=made)


def response_id(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def definition(survey: Survey) -> dict[str, Any]:
    """The campaign: lecturers are units, departments blocks, semesters groups; one question on a scale of 1 to 5."""
    return {
        "campaign": CAMPAIGN,
        "title": {"vi": "Đánh giá giảng viên", "en": "Instructor evaluation"},
        "opens": "2020-01-01T00:00:00+07:00",
        "closes": "2099-01-01T00:00:00+07:00",
        "blocks": [{"code": code, "name": {"vi": f"Khoa {code}"}} for code in survey.departments],
        "units": [
            {"code": code, "name": {"vi": f"Giảng viên {code}"}, "block": block}
            for code, block in survey.department.items()
        ],
        "groups": [
            {"code": code, "name": {"vi": f"Học kỳ {code}"}, "rates": survey.departments, "access": "open"}
            for code in survey.groups
        ],
        "scales": [
            {
                "code": "five",
                "options": [
                    {"code": str(rating), "label": {"vi": f"Mức {rating}"}, "percent": percent}
                    for rating, percent in PERCENT.items()
                ],
            }
        ],
        "fields": [
            {
                "code": "teaching",
                "name": {"vi": "Giảng dạy"},
                "criteria": [
                    {
                        "code": "lecture",
                        "name": {"vi": "Bài giảng"},
                        "leaves": [
                            {
                                "code": "quality",
                                "name": {"vi": "Chất lượng bài giảng"},
                                "max_points": str(POINTS),
                                "method": "survey",
                                "scale": "five",
                                "groups": survey.groups,
                                "question": {"vi": "Bạn đánh giá bài giảng thế nào?"},
                            }
                        ],
                    }
                ],
            }
        ],
        "rules": {"ties": "shared", "suppress_below": 1, "live": "public"},
    }


def document(student: Student, ratings: Mapping[str, int], revision: int) -> dict[str, Any]:
    """The body of a response."""
    return {
        "response": student.response,
        "revision": revision,
        "group": student.group,
        "channel": "web",
        "ratings": {lecturer: {"quality": str(rating)} for lecturer, rating in ratings.items()},
    }


@dataclass(frozen=True)
class Standing:
    """What a ranking must say of a lecturer."""

    rank: int
    tied: bool
    index: Fraction
    n: int


def standings(survey: Survey) -> dict[str, dict[str, Standing]]:
    """By department, best first: each lecturer's mean over the groups of the groups' mean percent, and the rank."""
    percents: dict[str, dict[str, list[int]]] = {lecturer: {} for lecturer in survey.department}
    for student in survey.students:
        for lecturer, rating in student.ratings.items():
            percents[lecturer].setdefault(student.group, []).append(PERCENT[rating])
    index = {
        lecturer: sum((Fraction(sum(of), len(of)) for of in by_group.values()), Fraction(0)) / len(by_group)
        for lecturer, by_group in percents.items()
    }
    found: dict[str, dict[str, Standing]] = {}
    for block in survey.departments:
        members = [lecturer for lecturer, department in survey.department.items() if department == block]
        times = Counter(index[lecturer] for lecturer in members)
        found[block] = {
            lecturer: Standing(
                rank=1 + sum(index[other] > index[lecturer] for other in members),
                tied=times[index[lecturer]] > 1,
                index=index[lecturer],
                n=sum(map(len, percents[lecturer].values())),
            )
            for lecturer in sorted(members, key=lambda lecturer: -index[lecturer])
        }
    return found


def thirty_decimals(value: Fraction) -> str:
    """A figure of 0 or more, rounded half up to 30 decimals."""
    scaled = value * 10**30
    digits = str((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).rjust(31, "0")
    return f"{digits[:-30]}.{digits[-30:]}"
