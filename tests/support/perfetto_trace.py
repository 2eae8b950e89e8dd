"""Reads the Perfetto traces that smmu-vp writes, by Debian's protoc and python3-protobuf, and judges their form."""
import collections
import os
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4

Slice = collections.namedtuple("Slice", "track begin end category name arguments")
Instant = collections.namedtuple("Instant", "track time category name arguments")
Value = collections.namedtuple("Value", "track time value")


def message_class():
    folder = os.path.dirname(os.path.abspath(__file__))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", "-I", folder, "--descriptor_set_out=" + out.name, "perfetto.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(files.file[0])
    trace = pool.FindMessageTypeByName("perfetto_subset.Trace")
    if hasattr(message_factory, "GetMessageClass"):  # from 4.22 on, where what is below goes away
        return message_factory.GetMessageClass(trace)
    return message_factory.MessageFactory(pool).GetPrototype(trace)


class Trace:
    """Raises ValueError with what is wrong with the form.

    tracks: (name, parent's name, name of the process), by number; slices, instants, values in the order of the file.
    """

    def __init__(self, data):
        self.tracks, self.slices, self.instants, self.values = {}, [], [], []
        self._kinds, self._last, self._open = {}, {}, collections.defaultdict(list)
        self._interned = {"event_categories": {}, "event_names": {}, "debug_annotation_names": {}}
        trace = message_class().FromString(data)
        # What the schema does not have shows as bytes that do not come back.
        self._expect(trace.SerializeToString() and not self._unknown(trace), "there are unknown fields")
        for i, packet in enumerate(trace.packet):
            self._expect(packet.trusted_packet_sequence_id != 0, "a packet belongs to no sequence")
            self._expect(bool(packet.sequence_flags & 1) == (i == 0), "the first packet, and no other, clears the state")
            if packet.HasField("track_descriptor"):
                self._descriptor(packet.track_descriptor)
            else:
                self._expect(packet.HasField("track_event"), "a packet is neither a track nor an event")
                self._event(packet)
        self._expect(not any(self._open.values()), "slices are open at the end: %s" % [s for s in self._open.values() if s][:3])

    @staticmethod
    def _expect(condition, text):
        if not condition:
            raise ValueError(text)

    @staticmethod
    def _unknown(trace):
        before = trace.ByteSize()
        trace.DiscardUnknownFields()
        return trace.ByteSize() != before

    def _descriptor(self, d):
        self._expect(d.uuid != 0 and d.uuid not in self.tracks, "track %d is described twice, or is track 0" % d.uuid)
        if d.HasField("process"):
            self._expect(d.process.pid > 0 and d.process.process_name, "a process without number or name")
            names = [t[2] for u, t in self.tracks.items() if self._kinds[u] == "process"]
            self._expect(d.process.process_name not in names and not d.parent_uuid, "a process comes twice, or has a parent")
            self.tracks[d.uuid] = ("", "", d.process.process_name)
            self._kinds[d.uuid] = "process"
            return
        self._expect(d.parent_uuid in self.tracks, "the parent of track %s is not described before it" % d.name)
        parent = self.tracks[d.parent_uuid]
        self.tracks[d.uuid] = (d.name, parent[0], parent[2])
        self._kinds[d.uuid] = "counter" if d.HasField("counter") else "events"
        self._expect(self._kinds[d.parent_uuid] != "counter", "track %s is below a counter" % d.name)
        self._expect(d.name, "a track has no name")

    def _learn(self, interned):
        for table, known in self._interned.items():
            for entry in getattr(interned, table):
                self._expect(entry.iid != 0 and entry.iid not in known, "%s %d is interned twice" % (table, entry.iid))
                self._expect(entry.name not in known.values(), "%s is interned twice" % entry.name)
                known[entry.iid] = entry.name

    def _name(self, table, iid):
        self._expect(iid in self._interned[table], "%s %d has not been interned" % (table, iid))
        return self._interned[table][iid]

    def _event(self, packet):
        e = packet.track_event
        self._learn(packet.interned_data)
        self._expect(packet.HasField("timestamp") and packet.sequence_flags & 2, "an event without time, or without interned state")
        self._expect(e.track_uuid in self.tracks, "an event is on track %d, which is not described" % e.track_uuid)
        track, time = self.tracks[e.track_uuid], packet.timestamp
        self._expect(time >= self._last.get(e.track_uuid, 0), "time goes back on the track %s" % (track,))
        self._last[e.track_uuid] = time
        is_counter = self._kinds[e.track_uuid] == "counter"
        self._expect(is_counter == (e.type == COUNTER), "an event of type %d is on the track %s" % (e.type, track))
        if is_counter:
            self._expect(e.HasField("counter_value"), "a counter without a value")
            self.values.append(Value(track, time, e.counter_value))
            return
        if e.type == END:
            self._expect(self._open[e.track_uuid], "a slice ends that has not begun, on %s" % (track,))
            self.slices.append(self._open[e.track_uuid].pop()._replace(end=time))
            return
        self._expect(len(e.category_iids) == 1, "an event has not one category")
        category, name = self._name("event_categories", e.category_iids[0]), self._name("event_names", e.name_iid)
        arguments = {}
        for a in e.debug_annotations:
            key = self._name("debug_annotation_names", a.name_iid)
            fields = [f for f in ("uint_value", "string_value", "pointer_value") if a.HasField(f)]
            self._expect(len(fields) == 1 and key not in arguments, "argument %s has not one value" % key)
            arguments[key] = getattr(a, fields[0])
        if e.type == BEGIN:
            self._open[e.track_uuid].append(Slice(track, time, None, category, name, arguments))
        else:
            self._expect(e.type == INSTANT, "an event of type %d" % e.type)
            self.instants.append(Instant(track, time, category, name, arguments))
