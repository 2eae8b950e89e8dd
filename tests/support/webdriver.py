"""Drives headless Chromium through ChromeDriver's W3C WebDriver protocol, with the standard library alone."""
import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"tab": "\ue004", "enter": "\ue007", "left": "\ue012", "right": "\ue014", "shift": "\ue008", "escape": "\ue00c",
        "home": "\ue011", "end": "\ue010"}
# Nothing but the page: no network, no services of the browser.
OPTIONS = ["--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-device-scale-factor=1"]


class Missing(Exception):
    """Chromium is not there; the text says which packages have it."""


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Missing("%s is not installed: apt-get install chromium chromium-driver" % name)
    return path


class Browser:
    """A window of a new profile. Use as a context."""

    def __init__(self, width=1280, height=900):
        self.folder = tempfile.mkdtemp(prefix="smmuvp-browser-")
        self.driver = None
        try:
            self.start(width, height)
        except BaseException:
            self.close()
            raise

    def start(self, width, height):
        chromium = tool("chromium")
        self.driver = subprocess.Popen([tool("chromedriver"), "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        self.base = None
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                self.base = "http://127.0.0.1:" + found.group(1)
                break
        if not self.base:
            raise RuntimeError("ChromeDriver does not start")
        arguments = OPTIONS + ["--user-data-dir=" + self.folder, "--window-size=%d,%d" % (width, height)]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        options = {"binary": chromium, "args": arguments}
        answer = self.send("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]
        self.resize(width, height)

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError("%s %s: %s" % (method, path, e.read().decode(errors="replace")[:2000])) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.driver:
            try:
                if getattr(self, "session", None):
                    self.send("DELETE", self.session)
            except (OSError, RuntimeError):
                pass
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def open(self, path):
        self.send("POST", self.session + "/url", {"url": "file://" + path})

    def run(self, script, *args):
        """The value of a function body in the page."""
        return self.send("POST", self.session + "/execute/sync", {"script": script, "args": list(args)})

    def log(self):
        """What the page has written to the console, errors of loading among them."""
        return self.send("POST", self.session + "/se/log", {"type": "browser"})

    def press(self, *keys):
        actions = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.send("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def shift_press(self, key):
        value = KEYS.get(key, key)
        self.send("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": "keyDown", "value": KEYS["shift"]}, {"type": "keyDown", "value": value},
            {"type": "keyUp", "value": value}, {"type": "keyUp", "value": KEYS["shift"]}]}]})

    def drag(self, selector, start, end):
        """With the mouse, from one part of an element's width to another, at a quarter of its height."""
        at = self.run("const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'});"
                      "const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height];", selector)
        x = [int(at[0] + at[2] * part) for part in (start, end)]
        y = int(at[1] + at[3] / 4)
        move = lambda to: {"type": "pointerMove", "duration": 0, "x": to, "y": y}  # noqa: E731
        self.send("POST", self.session + "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [
            move(x[0]), {"type": "pointerDown", "button": 0}, move((x[0] + x[1]) // 2), move(x[1]),
            {"type": "pointerUp", "button": 0}]}]})

    def wheel(self, selector, delta):
        """With Ctrl held, over the middle of an element."""
        at = self.run("const r = document.querySelector(arguments[0]).getBoundingClientRect();"
                      "return [r.left + r.width / 2, r.top + r.height / 2];", selector)
        self.send("POST", self.session + "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": [{"type": "keyDown", "value": "\ue009"}, {"type": "pause"},
                                                          {"type": "keyUp", "value": "\ue009"}]},
            {"type": "wheel", "id": "wheel", "actions": [{"type": "pause"}, {
                "type": "scroll", "x": int(at[0]), "y": int(at[1]), "deltaX": 0, "deltaY": delta, "duration": 0}]}]})

    def chrome(self, command, **parameters):
        """A command of the Chrome DevTools Protocol."""
        return self.send("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height):
        """The page's; windows have a least width."""
        self.chrome("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme="light", media=""):
        """What the system prefers, and whether the page is printed (media "print")."""
        self.chrome("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def scripts(self, on):
        self.chrome("Emulation.setScriptExecutionDisabled", value=not on)

    def screenshot(self, path, selector=None):
        if selector:
            element = self.send("POST", self.session + "/element", {"using": "css selector", "value": selector})[ELEMENT]
            data = self.send("GET", "%s/element/%s/screenshot" % (self.session, element))
        else:
            data = self.send("GET", self.session + "/screenshot")
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))
