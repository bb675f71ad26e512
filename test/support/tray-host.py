#!/usr/bin/python3
"""
The desktop's side of a tray and of notifications, on the session bus of the environment: enough of
StatusNotifierWatcher, StatusNotifierHost, DBusMenu and org.freedesktop.Notifications to read and click.
Takes one JSON command a line on standard input, answers one JSON line each. Needs python3-dbus and python3-gi.
"""
import base64
import json
import sys
import threading

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
NOTIFY = "org.freedesktop.Notifications"
PROPERTIES = "org.freedesktop.DBus.Properties"
# A menu that is replaced while it is asked for gives no answer at all: ask the new one. An app that is gone is told.
ANSWER_WITHIN_S = 2
ASK_AGAIN_AFTER_MS = 50
NO_ANSWER = {
    f"org.freedesktop.DBus.Error.{name}" for name in ("NoReply", "Timeout", "TimedOut", "UnknownObject", "UnknownMethod")
}

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
items = []
notifications = []


class Watcher(dbus.service.Object):
    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, service, sender=None):
        name, path = (sender, service) if service.startswith("/") else (service, "/StatusNotifierItem")
        items.append((name, path))
        self.StatusNotifierItemRegistered(f"{name}{path}")

    @dbus.service.method(WATCHER, in_signature="s")
    def RegisterStatusNotifierHost(self, _service):
        pass

    @dbus.service.signal(WATCHER, signature="s")
    def StatusNotifierItemRegistered(self, service):
        pass

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return self.GetAll(interface)[name]

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        return {
            "IsStatusNotifierHostRegistered": True,
            "ProtocolVersion": dbus.Int32(0),
            "RegisteredStatusNotifierItems": dbus.Array([f"{n}{p}" for n, p in items], signature="s"),
        }


class Notifications(dbus.service.Object):
    @dbus.service.method(NOTIFY, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, _app, _replaces, _icon, summary, body, _actions, _hints, _timeout):
        notifications.append({"title": str(summary), "body": str(body)})
        return dbus.UInt32(len(notifications))

    @dbus.service.method(NOTIFY, out_signature="as")
    def GetCapabilities(self):
        return ["body", "actions"]

    @dbus.service.method(NOTIFY, out_signature="ssss")
    def GetServerInformation(self):
        return ("tray-host", "edge-sync tests", "1", "1.2")

    @dbus.service.method(NOTIFY, in_signature="u")
    def CloseNotification(self, _id):
        pass


def item():
    name, path = items[-1]
    return bus.get_object(name, path, introspect=False)


class NotAnswered(Exception):
    """What was asked can be asked again."""


def asked(question):
    try:
        return question()
    except dbus.exceptions.DBusException as error:
        if error.get_dbus_name() in NO_ANSWER:
            raise NotAnswered from error
        raise


def menu_entries():
    return asked(current_menu_entries)


def current_menu_entries():
    item_object = item()
    path = item_object.Get(ITEM, "Menu", dbus_interface=PROPERTIES, timeout=ANSWER_WITHIN_S)
    menu = bus.get_object(items[-1][0], path, introspect=False)
    _revision, layout = menu.GetLayout(
        dbus.Int32(0), dbus.Int32(-1), dbus.Array([], signature="s"), dbus_interface=MENU, timeout=ANSWER_WITHIN_S
    )
    entries = []
    for identifier, properties in flattened(layout[2]):
        entries.append(
            {
                "id": int(identifier),
                "label": str(properties.get("label", "")).replace("__", "\0").replace("_", "").replace("\0", "_"),
                "enabled": bool(properties.get("enabled", True)),
                "line": str(properties.get("type", "")) == "separator",
            }
        )
    return menu, entries


def flattened(children):
    for child in children:
        identifier, properties, below = child
        yield identifier, properties
        yield from flattened(below)


def read():
    properties = asked(lambda: item().GetAll(ITEM, dbus_interface=PROPERTIES, timeout=ANSWER_WITHIN_S))
    tip = properties.get("ToolTip", ("", [], "", ""))
    pixmaps = [
        {"width": int(w), "height": int(h), "argb": base64.b64encode(bytes(data)).decode()}
        for w, h, data in properties.get("IconPixmap", [])
    ]
    return {
        "status": str(properties.get("Status", "")),
        "iconName": str(properties.get("IconName", "")),
        "pixmaps": pixmaps,
        "toolTip": str(tip[2]) or str(tip[3]),
        "menu": menu_entries()[1],
    }


def answer(command):
    kind = command["tag"]
    if kind == "count":
        return {"items": len(items)}
    if kind == "read":
        return read()
    if kind == "activate":
        item().Activate(dbus.Int32(0), dbus.Int32(0), dbus_interface=ITEM)
        return {}
    if kind == "click":
        menu, entries = menu_entries()
        entry = next(one for one in entries if one["label"] == command["label"])
        menu.Event(dbus.Int32(entry["id"]), "clicked", dbus.Int32(0), dbus.UInt32(0), dbus_interface=MENU)
        return {}
    if kind == "notifications":
        return {"notifications": notifications}
    raise ValueError(kind)


def on_line(line):
    try:
        result = {"ok": answer(json.loads(line))}
    except NotAnswered:
        # Later, not in a loop: an app that waits for us to take its notification answers nothing until we did.
        GLib.timeout_add(ASK_AGAIN_AFTER_MS, on_line, line)
        return False
    except Exception as error:  # the test sees it
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
    return False


def read_commands():
    for line in sys.stdin:
        GLib.idle_add(on_line, line)
    GLib.idle_add(loop.quit)


keep = [
    dbus.service.BusName(WATCHER, bus),
    dbus.service.BusName(f"org.kde.StatusNotifierHost-{1}", bus),
    dbus.service.BusName(NOTIFY, bus),
    Watcher(bus, "/StatusNotifierWatcher"),
    Notifications(bus, "/org/freedesktop/Notifications"),
]
loop = GLib.MainLoop()
threading.Thread(target=read_commands, daemon=True).start()
print(json.dumps({"ok": "listening"}), flush=True)
loop.run()
