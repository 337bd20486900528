"""Asks a gateway with the official client of Python: one line of JSON for each thing that it looked at."""

import json
import sys

import openai
from pydantic import BaseModel

base_url, model = sys.argv[1:3]
# The text that a page has.
expected = json.loads(sys.argv[3])
client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=300)
chat = {
    "model": model,
    "messages": [{"role": "user", "content": "Which way does the weft go?"}],
    "max_tokens": 24,
    "temperature": 0.8,
    "top_p": 0.9,
    "seed": 7,
}


class Verdict(BaseModel):
    is_true: bool
    stars: int


TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"enum": ["Oslo", "Rome"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def looks_at_models():
    return model in [each.id for each in client.models.list()] and client.models.retrieve(model).id == model


def answers_whole():
    answer = client.chat.completions.create(**chat)
    return answer.choices[0].message.content == expected and answer.usage.completion_tokens == 24


def answers_in_pieces():
    stream = client.chat.completions.create(**chat, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    text = "".join(each.choices[0].delta.content or "" for each in chunks if each.choices)
    return text == expected and chunks[-1].usage.completion_tokens == 24


def answers_several():
    choices = client.chat.completions.create(**chat, n=2).choices
    return choices[0].message.content == expected and choices[1].message.content != expected


def shows_logprobs():
    answer = client.chat.completions.create(**chat, logprobs=True, top_logprobs=3)
    tokens = answer.choices[0].logprobs.content
    return len(tokens) >= 23 and all(len(each.top_logprobs) == 3 for each in tokens)


def stops():
    stop = expected[5:8]
    choice = client.chat.completions.create(**chat, stop=[stop, "never"]).choices[0]
    return choice.message.content == expected[: expected.index(stop)] and choice.finish_reason == "stop"


def heeds_penalties():
    answer = client.chat.completions.create(
        **chat, presence_penalty=1.5, frequency_penalty=0.5, logit_bias={"40": -100}
    )
    return answer.usage.completion_tokens == 24


def completes_texts():
    answer = client.completions.create(model=model, prompt=["one", "two"], max_tokens=4, seed=1, logprobs=2)
    return [each.index for each in answer.choices] == [0, 1]


def follows_schema():
    answer = client.chat.completions.parse(**{**chat, "max_tokens": 200}, response_format=Verdict)
    return isinstance(answer.choices[0].message.parsed, Verdict)


def calls_tool():
    # A tiny model writes a call letter by letter.
    asked = {**chat, "max_tokens": 200}
    answer = client.chat.completions.create(**asked, tools=[TOOL], tool_choice="required")
    call = answer.choices[0].message.tool_calls[0]
    return call.function.name == "weather" and json.loads(call.function.arguments)["city"] in ("Oslo", "Rome")


def refuses(error, code, **fields):
    def refused():
        try:
            client.chat.completions.create(**{**chat, **fields})
        except error as raised:
            return raised.code == code and bool(raised.body["message"])
        return False

    return refused


def hangs_up():
    stream = client.chat.completions.create(**{**chat, "max_tokens": 3000}, stream=True)
    for _ in stream:
        break
    stream.close()
    return True


CHECKS = {
    "models": looks_at_models,
    "the text of the page": answers_whole,
    "the same in pieces": answers_in_pieces,
    "several answers": answers_several,
    "log-probabilities": shows_logprobs,
    "stop": stops,
    "penalties": heeds_penalties,
    "plain completions": completes_texts,
    "a schema": follows_schema,
    "a call of a tool": calls_tool,
    "an unknown model": refuses(openai.NotFoundError, "model_not_found", model="nobody-knows"),
    "a wrong field": refuses(openai.BadRequestError, "invalid_value", temperature=9),
    "an unsupported field": refuses(openai.BadRequestError, "unsupported_parameter", store=True),
    "a prompt that is too long": refuses(
        openai.BadRequestError,
        "context_length_exceeded",
        messages=[{"role": "user", "content": "weft " * 5000}],
    ),
    "an answer that is hung up": hangs_up,
}

for name, check in CHECKS.items():
    try:
        holds, why = bool(check()), ""
    except Exception as raised:  # Whatever it is, the others are looked at too.
        holds, why = False, repr(raised)[:500]
    print(json.dumps({"name": name, "holds": holds, "why": why}), flush=True)
