"""A voice in a room without a browser: seals, posts and reads as a page does, with a device whose keys are in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from chat.devices import bind_device, post_key
from chat.models import Device, DeviceChain, Entry, Member, Room, RoomKey
from chat.sealed.device import SealingDevice
from chat.sealed.layout import Envelope, KeyStatement
from chat.sealed.messages import TEXT, Content, text
from chat.services import post_message
from escrow.chain import siwe
from marketplace.accounts.models import User
from marketplace.accounts.services import STATEMENT


class Voice:
    """One account's device that talks."""

    def __init__(self, user: User, device: SealingDevice) -> None:
        self.user = user
        self.device = device

    def join(self, room: Room) -> KeyStatement:
        """This device's newest statement in the room's log, put there if there is none whose key it has."""
        name = "0x" + self.device.name.hex()
        there = RoomKey.objects.filter(room=room, device__device_hash=name).order_by("-entry__seq")
        for stated in there.values_list("name", flat=True):
            if bytes.fromhex(stated) in self.device.keys:
                return self.device.keys[bytes.fromhex(stated)][0]
        own = self.device.room_key(room.room_id)
        post_key(room=room, sender=self.user, body=own.packed)
        return own

    def say(self, room: Room, words: str, client_id: str | None = None) -> Entry:
        """Seal a text for everybody's devices and post it."""
        return self.post(room, text(words), client_id)

    def post(
        self,
        room: Room,
        content: Content,
        client_id: str | None = None,
        *,
        readers: Sequence[KeyStatement] | None = None,
        opens: Sequence[int] = (),
        audience: str = "",
        files: Sequence[str] = (),
    ) -> Entry:
        """Seal and post anything; the same client id a second time gives the first entry again."""
        client_id = client_id or uuid.uuid4().hex
        earlier = Entry.objects.filter(
            room=room, sender__user_id=self.user.pk, client_id=client_id
        ).first()
        if earlier is not None:
            return earlier
        envelope = self.sealed(room, content, client_id, readers=readers)
        return post_message(
            room=room,
            sender=self.user,
            client_id=client_id,
            body=envelope.packed,
            opens=opens,
            audience=audience,
            files=files,
        )

    def sealed(
        self,
        room: Room,
        content: Content,
        client_id: str,
        *,
        readers: Sequence[KeyStatement] | None = None,
    ) -> Envelope:
        """The next envelope of this device, for everybody's newest keys unless readers are named."""
        own = self.join(room)
        name = "0x" + self.device.name.hex()
        chain = DeviceChain.objects.filter(room=room, device__device_hash=name).first()
        now = Room.objects.get(pk=room.pk)
        envelope, _ = self.device.seal(
            content,
            own=own,
            readers=newest_keys(room) if readers is None else readers,
            room=room.room_id,
            client_id=bytes.fromhex(client_id),
            index=chain.index + 1 if chain else 1,
            previous=bytes(chain.last) if chain else bytes(32),
            seen=now.last_seq,
            seen_head=now.head_now,
        )
        return envelope

    def read(self, entry: Entry) -> Content | None:
        """What a message says, None when it is not sealed for this device.

        Raises: Unsealed.
        """
        envelope = Envelope.parse(bytes(entry.body))
        key = RoomKey.objects.select_related("entry").get(
            room_id=entry.room_id, name=envelope.front.statement.hex()
        )
        return self.device.open(envelope, KeyStatement.parse(bytes(key.entry.body)))

    def heard(self, room: Room) -> list[str]:
        """Every text of the room that this device can read, in order."""
        contents = map(self.read, room.entries.filter(kind=Entry.Kind.MESSAGE).order_by("seq"))
        return [one.data.decode() for one in contents if one is not None and one.type == TEXT]


def sign_in(user: User, device: SealingDevice, sign: Callable[[bytes], str]) -> Device:
    """The device bound to the account as a sign-in does it; `sign` is the wallet: a digest in, its signature as 0x text out."""
    now = timezone.now().replace(microsecond=0)
    message = siwe.build(
        origin=settings.PUBLIC_ORIGIN,
        address=user.address,
        chain_id=settings.CHAIN_ID,
        nonce=device.name.hex()[:16],
        issued_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        expiration_time=(now + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        signing_key=device.signing_key,
        agreement_key=device.agreement_key,
        statement=STATEMENT,
    )
    return bind_device(
        user,
        device_hash="0x" + device.name.hex(),
        signing_key=device.signing_key.hex(),
        agreement_key=device.agreement_key.hex(),
        message=message.text(),
        signature=sign(message.digest()),
    )


def newest_keys(room: Room) -> list[KeyStatement]:
    """The newest statement of each device of everybody who is in the room now."""
    here = Member.objects.filter(room=room, left_at=None).values("user")
    keys = RoomKey.objects.filter(room=room, device__user__in=here).select_related("entry")
    newest = {key.device_id: key for key in keys.order_by("entry__seq")}
    return [KeyStatement.parse(bytes(key.entry.body)) for key in newest.values()]
