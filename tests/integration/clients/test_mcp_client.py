"""The official client of the Model Context Protocol, on a real service."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import mcp
import pytest

from tests.support.folders import REPO
from tests.support.waiting import until

QUESTION = "How many days of leave does an employee have?"


@dataclass
class Assistant:
    """Connects for each request: the service is stateless, and a client belongs to the task that opened it."""

    url: str

    def connected(self) -> mcp.Client:
        return mcp.Client(f"{self.url}/mcp")

    async def call(self, name: str, **arguments: Any) -> mcp.types.CallToolResult:
        async with self.connected() as client:
            return await client.call_tool(name, arguments)

    async def ask(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        result = await self.call(name, **arguments)
        assert not result.is_error, result.content
        found: Mapping[str, Any] = result.structured_content
        return found


@pytest.fixture
def assistant(service_url: str) -> Assistant:
    return Assistant(service_url)


async def test_tools_say_what_they_take_and_give(assistant: Assistant) -> None:
    async with assistant.connected() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"search", "ask", "list_collections", "list_documents", "read_document", "add_document"}
    for tool in tools.values():
        jsonschema_rs.meta.validate(tool.input_schema)
        assert tool.output_schema is not None
        jsonschema_rs.meta.validate(tool.output_schema)
        assert tool.description
    assert tools["search"].annotations is not None
    assert tools["search"].annotations.read_only_hint


async def test_a_question_is_answered_with_sources(assistant: Assistant, service_url: str) -> None:
    answer = await assistant.ask("ask", question=QUESTION)
    assert "thirty days" in answer["answer"]
    assert answer["found"]
    source = answer["sources"][0]
    assert (source["number"], source["filename"]) == (1, "handbook.md")
    async with httpx.AsyncClient() as http:
        assert "thirty days" in (await http.get(source["url"])).text
    assert source["url"].startswith(service_url)


async def test_passages_are_found_and_their_document_read(assistant: Assistant) -> None:
    found = (await assistant.ask("search", query=QUESTION, limit=1))["passages"]
    assert [passage["filename"] for passage in found] == ["handbook.md"]
    whole = await assistant.ask("read_document", document_id=found[0]["document_id"])
    assert "Trips by train" in whole["text"]
    async with assistant.connected() as client:
        read = await client.read_resource(f"localchat://documents/{found[0]['document_id']}")
    assert isinstance(read.contents[0], mcp.types.TextResourceContents)
    assert read.contents[0].text == whole["text"]


async def test_a_document_is_added_and_found(assistant: Assistant) -> None:
    name = f"ferry-{uuid4().hex}.md"
    added = await assistant.ask("add_document", filename=name, text="The ferry to Amberg leaves at 7:40.")

    async def is_ready() -> bool:
        listed = (await assistant.ask("list_documents"))["documents"]
        statuses: dict[str, str] = {item["document_id"]: item["status"] for item in listed}
        return statuses[added["document_id"]] == "ready"

    await until(is_ready, 60)
    found = (await assistant.ask("search", query="ferry to Amberg", documents=[name]))["passages"]
    assert [passage["filename"] for passage in found] == [name]


async def test_collections_are_listed(assistant: Assistant) -> None:
    listed = (await assistant.ask("list_collections"))["collections"]
    assert "default" in [item["name"] for item in listed]


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("ask", {"question": QUESTION, "collection": "nowhere"}, "There is no collection called 'nowhere'."),
        ("read_document", {"document_id": str(uuid4())}, "There is no document"),
        ("search", {"query": ""}, "query"),
        ("add_document", {"filename": "../", "text": "a"}, "name"),
    ],
)
async def test_errors_say_what_is_wrong(
    assistant: Assistant, tool: str, arguments: dict[str, Any], why: str
) -> None:
    result = await assistant.call(tool, **arguments)
    assert result.is_error
    assert isinstance(result.content[0], mcp.types.TextContent)
    assert why in result.content[0].text


def over_stdio(url: str) -> mcp.StdioServerParameters:
    return mcp.StdioServerParameters(command=sys.executable, args=["-m", "app.cli", "mcp", "--url", url], cwd=REPO)


async def test_an_assistant_on_the_same_machine_is_served_over_stdio(service_url: str) -> None:
    async with mcp.Client(over_stdio(service_url)) as client:
        result = await client.call_tool("ask", {"question": QUESTION})
    assert isinstance(result.content[0], mcp.types.TextContent)
    assert "thirty days" in result.content[0].text
