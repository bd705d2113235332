"""Conformance tests, by section of RFC 6455.

A ping in JSON stands for any message; its pong shows that the server has handled it.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from hunt.edge.websocket import FAULTS, text_frame
from tests.support.raw_http import LIVEZ, Reader
from tests.support.raw_websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Talk,
    frame,
    handshake,
    say,
    talking,
)
from tests.support.serving import Client, connected, serving

CONTINUATION = 0
OWN_REASONS = {"", "messages are text", "a message must be a JSON object", *FAULTS.values()}
HARMLESS = frame(TEXT, b'{"ping":1}')
#: Invalid UTF-8: a lone continuation, overlong, a surrogate, past the last, cut.
BAD_TEXT = [b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff"]


def code(number: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, number.to_bytes(2) + reason)


async def greeted(talk: Talk) -> None:
    assert (await talk.next())[0] == "hello"


async def closes(client: Client, frames: list[bytes], number: int | None) -> None:
    """Check that a socket is closed with this code, for any cut of the sent bytes."""
    data = b"".join(frames)
    for size in {len(data), 1}:
        async with talking(client) as talk:
            await greeted(talk)
            for start in range(0, len(data), size):
                with suppress(trio.BrokenResourceError):
                    await talk.send(data[start : start + size])
            while (said := await talk.frame())[0] != CLOSE:
                assert said[0] in {TEXT, PONG}
            expected = b"" if number is None else number.to_bytes(2)
            assert said[1][:2] == expected, (frames, said)
            assert len(said[1]) <= 125
            assert said[1][2:].decode() in OWN_REASONS, "never the text of an exception"
            await talk.ended()


async def test_4_2_2_the_key_is_answered_and_frames_may_come_with_the_handshake(
    database: str,
) -> None:
    async with serving(database) as client, talking(client, behind=HARMLESS * 3) as talk:
        await greeted(talk)  # `talking` has checked the answer to the key
        assert [await talk.next() for _ in range(3)] == [("pong", 1)] * 3


async def test_4_2_2_in_the_same_bytes_as_a_request_before(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await stream.send_all(LIVEZ + handshake(client) + HARMLESS)
        talk = Talk(stream)
        assert (await talk.reader.answer())[0] == 200
        assert (await talk.reader.answer())[0] == 101
        await greeted(talk)
        assert await talk.next() == ("pong", 1)


async def test_4_4_other_version_is_refused_with_ours(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await stream.send_all(handshake(client, Sec_WebSocket_Version="25"))
        status, headers, _ = await Reader(stream).answer()
        assert (status, headers["sec-websocket-version"]) == (426, "13")


async def test_5_1_a_frame_that_is_not_masked_is_an_error(database: str) -> None:
    async with serving(database) as client:
        await closes(client, [frame(TEXT, b'{"ping":1}', masked=False)], 1002)


async def test_5_2_reserved_bits_without_an_extension_are_an_error(database: str) -> None:
    async with serving(database) as client:
        for reserved in range(1, 8):
            await closes(client, [frame(TEXT, b"{}", reserved=reserved)], 1002)
        await closes(client, [HARMLESS, frame(PING, b"x", reserved=4)], 1002)


async def test_5_2_reserved_opcodes_are_an_error(database: str) -> None:
    async with serving(database) as client:
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            await closes(client, [HARMLESS, frame(opcode)], 1002)


async def test_5_2_a_length_has_its_shortest_form_and_no_sign(database: str) -> None:
    async with serving(database) as client:
        mask = b"\x00" * 4
        for head in (
            b"\x81\xfe\x00\x05" + mask + b"hello",
            b"\x81\xff" + b"\x00" * 7 + b"\x05" + mask + b"hello",
            b"\x81\xff\x80" + b"\x00" * 7 + mask,
        ):
            await closes(client, [head], 1002)


def test_5_2_our_own_frames_have_their_shortest_form() -> None:
    for size, head in [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ]:
        assert text_frame("x" * size) == head + b"x" * size


async def test_5_4_a_message_may_come_in_fragments_with_control_frames_in_between(
    database: str,
) -> None:
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        parts = [b"{", b'"pi', b"", b'ng":', b"1}"]
        frames = [frame(TEXT, parts[0], fin=False)]
        for part in parts[1:-1]:
            frames += [frame(PING, part), frame(CONTINUATION, part, fin=False), frame(PONG)]
        await talk.send(*frames, frame(CONTINUATION, parts[-1]))
        assert [await talk.frame() for _ in range(3)] == [(PONG, each) for each in parts[1:-1]]
        assert await talk.next() == ("pong", 1)


async def test_5_4_fragments_out_of_order_are_an_error(database: str) -> None:
    async with serving(database) as client:
        begun = frame(TEXT, b"{", fin=False)
        for frames in (
            [frame(CONTINUATION, b"{}")],
            [frame(CONTINUATION, b"{}", fin=False)],
            [HARMLESS, frame(CONTINUATION)],
            [begun, HARMLESS],
            [begun, begun],
            [begun, frame(CONTINUATION, b"}"), frame(CONTINUATION, b"}")],
        ):
            # The last fragments form a message that is not valid here.
            await closes(client, frames, 1002)


async def test_5_5_control_frames_are_short_and_whole(database: str) -> None:
    async with serving(database) as client:
        for opcode in (PING, PONG, CLOSE):
            await closes(client, [frame(opcode, b"x" * 126)], 1002)
            await closes(client, [frame(opcode, b"x", fin=False)], 1002)


async def test_5_5_1_a_close_is_answered_with_its_own_code(database: str) -> None:
    async with serving(database) as client:
        await closes(client, [frame(CLOSE)], None)
        for number in (
            1000,
            1001,
            1002,
            1003,
            1007,
            1008,
            1009,
            1010,
            1011,
            3000,
            3999,
            4000,
            4999,
        ):
            await closes(client, [code(number, b"so long")], number)
        await closes(client, [code(1000, "\u2713".encode() * 41)], 1000)


async def test_5_5_1_messages_before_a_close_are_answered_and_later_ones_are_not(
    database: str,
) -> None:
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        await talk.send(HARMLESS, frame(PING, b"p"), code(1000), HARMLESS, frame(PING, b"q"))
        said = [await talk.frame() for _ in range(3)]
        assert sorted(said[:2]) == [(TEXT, b'{"pong":1}'), (PONG, b"p")]
        assert said[2] == (CLOSE, (1000).to_bytes(2))
        with pytest.raises(EOFError):
            await talk.frame()


async def test_5_5_1_the_server_closes_the_connection_first(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.edge.websocket.CLOSE_TIMEOUT", 60.0)
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        await talk.send(code(1000))
        assert await talk.closed() == 1000
        with trio.fail_after(10), pytest.raises(EOFError):  # far less than that
            await talk.frame()


async def test_5_5_2_a_pong_has_the_data_of_its_ping(database: str) -> None:
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        words = [b"", b"hello", bytes(range(125)), b"\xff" * 125]
        await talk.send(*(frame(PING, each) for each in words))
        assert [await talk.frame() for _ in words] == [(PONG, each) for each in words]


async def test_5_5_3_unsolicited_pong_is_ignored(database: str) -> None:
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        await talk.send(frame(PONG, b"?"), HARMLESS)
        assert await talk.next() == ("pong", 1)


async def test_5_6_binary_data_is_not_taken(database: str) -> None:
    async with serving(database) as client:
        await closes(client, [frame(BINARY, b'{"ping":1}')], 1003)
        await closes(client, [frame(BINARY, b"\x00", fin=False)], 1003)


async def test_7_1_1_closed_connection_without_close_frame_ends_the_socket(database: str) -> None:
    async with serving(database) as client:
        async with talking(client) as talk:
            await greeted(talk)
        with trio.fail_after(5):
            while client.engine.streams.hub.counts() != {"websocket": 0}:
                await trio.lowlevel.checkpoint()


async def test_7_4_codes_that_may_not_be_sent_are_an_error(database: str) -> None:
    async with serving(database) as client:
        for number in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            await closes(client, [code(number)], 1002)
        await closes(client, [frame(CLOSE, b"\x03")], 1002)


async def test_7_4_1_a_message_that_is_too_big_is_refused_by_its_head(database: str) -> None:
    async with serving(database) as client:
        for frames in (
            [frame(TEXT, length=4097)],
            [frame(TEXT, length=1 << 40)],
            [frame(BINARY, length=65536)],
            [frame(TEXT, b'"' + b"x" * 4000, fin=False), frame(CONTINUATION, length=200)],
            [frame(TEXT, b'"' + b"x" * 4000, fin=False), frame(CONTINUATION, length=96, fin=False)],
        ):
            await closes(client, frames, 1009)
        # The next message begins to count anew.
        async with talking(client) as talk:
            await greeted(talk)
            long = b'{"ping":1' + b" " * 4000 + b"}"
            await talk.send(frame(TEXT, long), frame(TEXT, long[:9], fin=False))
            await talk.send(frame(CONTINUATION, long[9:]))
            assert [await talk.next(), await talk.next()] == [("pong", 1)] * 2


async def test_8_1_text_that_is_no_utf_8_is_an_error_wherever_it_is_cut(database: str) -> None:
    async with serving(database) as client:
        for bad in BAD_TEXT:
            text = b'{"ping":"\xce\xba' + bad + b'"}'
            await closes(client, [frame(TEXT, text)], 1007)
            cut = 12
            await closes(
                client, [frame(TEXT, text[:cut], fin=False), frame(CONTINUATION, text[cut:])], 1007
            )
            await closes(client, [code(1000, bad)], 1007)


async def test_8_1_a_bad_byte_is_an_error_before_the_message_is_complete(database: str) -> None:
    async with serving(database) as client:
        await closes(client, [frame(TEXT, b'{"\xff', fin=False)], 1007)
        # The rest of the frame with the bad byte is never sent.
        await closes(client, [frame(TEXT, b'{"\xff', length=100)], 1007)


async def test_8_1_characters_may_be_cut_between_fragments(database: str) -> None:
    async with serving(database) as client, talking(client) as talk:
        await greeted(talk)
        text = '{"\U0001d11e":1}'.encode()
        frames = [frame(TEXT, text[:1], fin=False)]
        frames += [frame(CONTINUATION, text[n : n + 1], fin=False) for n in range(1, len(text))]
        await talk.send(*frames, frame(CONTINUATION))
        assert (await talk.next())[1]["detail"] == "a message is a click or a ping"


async def test_9_1_no_extension_is_agreed_to(database: str) -> None:
    offers = "permessage-deflate; client_max_window_bits, permessage-deflate; x=zz"
    async with (
        serving(database) as client,
        talking(client, Sec_WebSocket_Extensions=offers) as talk,  # looks at the answer
    ):
        await greeted(talk)
        await talk.send(say(ping=2))
        assert await talk.next() == ("pong", 2)
