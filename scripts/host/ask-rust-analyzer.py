#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Asks rust-analyzer about a driver, over the protocol that editors speak with it.

usage: ask-rust-analyzer.py FILE QUESTION...

FILE is the driver, in a tree that scripts/new-driver made: the settings that it has for VS Code count. A QUESTION is
`definition TEXT`, the definition of the last name in TEXT, or `completion TEXT`, what may follow TEXT, which the file
has. Each answer is a line: file:line, or names.
"""

import json
import pathlib
import re
import subprocess
import sys

LIMIT = 600


class Server:
    def __init__(self):
        self.process = subprocess.Popen(
            ["timeout", str(LIMIT), "rust-analyzer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.last = 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = None
        for line in iter(self.process.stdout.readline, b"\r\n"):
            if not line:
                sys.exit(f"error: rust-analyzer has ended, or needs longer than {LIMIT} s")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def wait_for(self, is_it):
        while True:
            message = self.receive()
            if "method" in message and "id" in message:
                # It asks the editor: nothing is configured, everything is agreed to.
                items = message.get("params", {}).get("items", []) if message["params"] else []
                self.send({"id": message["id"], "result": [None] * len(items) or None})
            if is_it(message):
                return message

    def request(self, method, params):
        self.last += 1
        number = self.last
        self.send({"id": number, "method": method, "params": params})
        answer = self.wait_for(lambda message: message.get("id") == number and "method" not in message)
        if "error" in answer:
            sys.exit(f"error: {method}: {answer['error']['message']}")
        return answer["result"]


def ask(server, path, text, question):
    kind, _, what = question.partition(" ")
    begin = text.find(what)
    if begin < 0:
        sys.exit(f"error: {path} does not have: {what}")
    end = begin + len(what)
    if kind == "definition":
        end -= len(re.search(r"\w+$", what).group())
    before = text[:end]
    position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
    params = {"textDocument": {"uri": path.as_uri()}, "position": position}
    answer = server.request(f"textDocument/{kind}", params)
    if kind == "completion":
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return " ".join(sorted({re.match(r"[\w!]*", item["label"]).group() for item in items}))
    found = [f"{place['uri'].removeprefix('file://')}:{place['range']['start']['line'] + 1}" for place in answer or []]
    return " ".join(found)


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    text = path.read_text()
    settings = json.loads((path.parent / ".vscode/settings.json").read_text())
    server = Server()
    server.request(
        "initialize",
        {
            "processId": None,
            "rootUri": path.parent.as_uri(),
            "capabilities": {"experimental": {"serverStatusNotification": True}},
            "initializationOptions": {
                "cachePriming": {"enable": False},
                "checkOnSave": False,
                **{key.removeprefix("rust-analyzer."): value for key, value in settings.items()},
            },
        },
    )
    server.send({"method": "initialized", "params": {}})
    document = {"uri": path.as_uri(), "languageId": "rust", "version": 1, "text": text}
    server.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
    status = server.wait_for(
        lambda message: message.get("method") == "experimental/serverStatus" and message["params"]["quiescent"]
    )["params"]
    if status["health"] != "ok":
        sys.exit(f"error: {status['message']}")
    for question in sys.argv[2:]:
        print(ask(server, path, text, question), flush=True)
    server.process.kill()


main()
