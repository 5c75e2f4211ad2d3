"""What somebody would write in a weekend: Flask, nested marshmallow, a document a form, a ranking by aggregation.

It takes the same answers and writes them as safely (majority, journal); but a form that is sent again counts again, an
edit cannot be told from a new form, and each look at the ranking reads all that was ever sent.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, jsonify, request
from marshmallow import Schema, ValidationError, fields, validate
from pymongo import MongoClient, WriteConcern

from tests.bench.bodies import campaign

MONGO = "BENCH_WEEKEND_MONGO"
OPTIONS = {
    f"{leaf.code}/{option.code}": option
    for leaf in campaign().leaves
    if leaf.method == "survey"
    for option in campaign().options(leaf)
}
POINTS = {leaf.code: float(leaf.max_points) for leaf in campaign().leaves}


class Answer(Schema):
    question = fields.String(required=True, validate=validate.OneOf(list(POINTS)))
    option = fields.String(required=True, validate=validate.Length(min=1, max=32))


class Rating(Schema):
    unit = fields.String(required=True, validate=validate.OneOf([unit.code for unit in campaign().units]))
    answers = fields.List(fields.Nested(Answer), required=True, validate=validate.Length(min=1))


class Form(Schema):
    group = fields.String(required=True, validate=validate.OneOf([group.code for group in campaign().groups]))
    ratings = fields.List(fields.Nested(Rating), required=True, validate=validate.Length(min=1))


PIPELINE: list[dict[str, Any]] = [
    {"$unwind": "$ratings"},
    {"$unwind": "$ratings.answers"},
    {"$match": {"ratings.answers.percent": {"$ne": None}}},
    {
        "$group": {
            "_id": {"unit": "$ratings.unit", "question": "$ratings.answers.question", "group": "$group"},
            "percent": {"$avg": "$ratings.answers.percent"},
            "points": {"$first": "$ratings.answers.points"},
        }
    },
    {
        "$group": {
            "_id": {"unit": "$_id.unit", "question": "$_id.question"},
            "percent": {"$avg": "$percent"},
            "points": {"$first": "$points"},
        }
    },
    {"$group": {"_id": "$_id.unit", "points": {"$sum": {"$multiply": ["$percent", "$points", 0.01]}}}},
    {"$sort": {"points": -1}},
]


def prepared(form: dict[str, Any]) -> dict[str, Any]:
    """A form as it is stored: each answer with its percent and the question's points.

    Raises:
        ValidationError: an option that the question does not have.
    """
    for rating in form["ratings"]:
        for answer in rating["answers"]:
            option = OPTIONS.get(f"{answer['question']}/{answer['option']}")
            if option is None:
                raise ValidationError(f"no option {answer['option']} of {answer['question']}")
            answer["percent"] = None if option.percent is None else float(option.percent)
            answer["points"] = POINTS[answer["question"]]
    return form


def create_app() -> Flask:
    """The application; MongoDB is reached by each worker after its fork."""
    app = Flask("weekend")
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ[MONGO])
    stored = client.get_default_database().get_collection("forms", write_concern=WriteConcern("majority", j=True))
    schema = Form()

    @app.post("/responses")
    def submit() -> tuple[Response, int]:
        try:
            form = prepared(schema.load(request.get_json()))
        except ValidationError as error:
            return jsonify(error.messages), 422
        done = stored.insert_one(form)
        return jsonify({"id": str(done.inserted_id)}), 202

    @app.get("/rankings")
    def rankings() -> Response:
        return jsonify([{"unit": row["_id"], "points": row["points"]} for row in stored.aggregate(PIPELINE)])

    return app
