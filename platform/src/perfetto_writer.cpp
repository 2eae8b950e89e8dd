#include "perfetto_writer.h"

#include <algorithm>
#include <array>

namespace smmuvp::platform {

namespace {

// Numbers of fields, by message.
namespace trace {
constexpr unsigned packet = 1;
}
namespace trace_packet {
constexpr unsigned timestamp = 8, trusted_packet_sequence_id = 10, track_event = 11, interned_data = 12,
                   sequence_flags = 13, track_descriptor = 60;
}
namespace track_descriptor {
constexpr unsigned uuid = 1, name = 2, process = 3, parent_uuid = 5, counter = 8;
}
namespace process_descriptor {
constexpr unsigned pid = 1, process_name = 6;
}
namespace track_event {
constexpr unsigned category_iids = 3, debug_annotations = 4, type = 9, name_iid = 10, track_uuid = 11,
                   counter_value = 30;
}
namespace debug_annotation {
constexpr unsigned name_iid = 1, uint_value = 3, string_value = 6, pointer_value = 7;
}
namespace interned {
constexpr unsigned iid = 1, name = 2;
}

constexpr std::uint64_t incremental_state_cleared = 1;
constexpr std::uint64_t needs_incremental_state = 2;
constexpr std::uint64_t slice_begin = 1, slice_end = 2, instant_event = 3, counter_event = 4;

// These are counted or chosen, and read better in decimal; pointers are shown in hexadecimal.
bool is_decimal(std::string_view name) {
  constexpr std::array<std::string_view, 20> names{"bytes",  "length",     "entries",   "sector", "number",
                                                   "queue",  "tlb_hit",    "ok",        "write",  "ssv",
                                                   "secure", "privileged", "RnW",       "Last",   "cpu",
                                                   "shift",  "intid",      "waited_ps", "frame",  "log2size"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

PerfettoWriter::Track PerfettoWriter::add_process(std::string_view name) {
  ProtoMessage process;
  process.add_number(process_descriptor::pid, ++m_processes);
  process.add_text(process_descriptor::process_name, name);
  return add(0, {}, track_descriptor::process, process);
}

PerfettoWriter::Track PerfettoWriter::add_track(Track parent, std::string_view name) {
  return add(parent, name, 0, {});
}

PerfettoWriter::Track PerfettoWriter::add_counter(Track parent, std::string_view name) {
  return add(parent, name, track_descriptor::counter, {});
}

// @param field  where `kind` goes; 0: nowhere
PerfettoWriter::Track PerfettoWriter::add(Track parent, std::string_view name, unsigned field,
                                          const ProtoMessage& kind) {
  const Track track = m_last_ns.size();
  m_last_ns.push_back(0);
  ProtoMessage descriptor;
  descriptor.add_number(track_descriptor::uuid, track);
  if (parent != 0) descriptor.add_number(track_descriptor::parent_uuid, parent);
  if (!name.empty()) descriptor.add_text(track_descriptor::name, name);
  if (field != 0) descriptor.add_message(field, kind);
  ProtoMessage p;
  p.add_message(trace_packet::track_descriptor, descriptor);
  packet(p, 0);
  return track;
}

std::uint64_t PerfettoWriter::intern(Interned& table, std::string_view text, ProtoMessage& interned) {
  const auto [at, is_new] = table.numbers.try_emplace(std::string(text), table.numbers.size() + 1);
  if (is_new) {
    ProtoMessage entry;
    entry.add_number(interned::iid, at->second);
    entry.add_text(interned::name, text);
    interned.add_message(table.field, entry);
  }
  return at->second;
}

void PerfettoWriter::event(std::uint64_t type, Track track, std::uint64_t ns, std::string_view category,
                           std::string_view name, const Arguments& arguments) {
  ProtoMessage interned;
  ProtoMessage e;
  e.add_number(track_event::type, type);
  e.add_number(track_event::category_iids, intern(m_categories, category, interned));
  e.add_number(track_event::name_iid, intern(m_names, name, interned));
  for (const TraceValue& a : arguments) {
    ProtoMessage annotation;
    annotation.add_number(debug_annotation::name_iid, intern(m_argument_names, a.name, interned));
    if (a.is_text) {
      annotation.add_text(debug_annotation::string_value, a.text);
    } else {
      annotation.add_number(
          is_decimal(a.name) ? debug_annotation::uint_value : debug_annotation::pointer_value, a.number);
    }
    e.add_message(track_event::debug_annotations, annotation);
  }
  put(e, track, ns, interned);
}

void PerfettoWriter::begin_slice(Track track, std::uint64_t ns, std::string_view category,
                                 std::string_view name, const Arguments& arguments) {
  event(slice_begin, track, ns, category, name, arguments);
}

void PerfettoWriter::end_slice(Track track, std::uint64_t ns) {
  ProtoMessage e;
  e.add_number(track_event::type, slice_end);
  put(e, track, ns, {});
}

void PerfettoWriter::instant(Track track, std::uint64_t ns, std::string_view category, std::string_view name,
                             const Arguments& arguments) {
  event(instant_event, track, ns, category, name, arguments);
}

void PerfettoWriter::count(Track track, std::uint64_t ns, std::uint64_t value) {
  ProtoMessage e;
  e.add_number(track_event::type, counter_event);
  e.add_number(track_event::counter_value, value);
  put(e, track, ns, {});
}

void PerfettoWriter::put(const ProtoMessage& event, Track track, std::uint64_t ns,
                         const ProtoMessage& interned) {
  std::uint64_t& last = m_last_ns[track];
  last = std::max(last, ns);
  ProtoMessage on_track = event;
  on_track.add_number(track_event::track_uuid, track);
  ProtoMessage p;
  p.add_number(trace_packet::timestamp, last);
  if (!interned.empty()) p.add_message(trace_packet::interned_data, interned);
  p.add_message(trace_packet::track_event, on_track);
  packet(p, needs_incremental_state);
}

// What is interned belongs to a sequence, which all packets are of.
void PerfettoWriter::packet(ProtoMessage& packet, std::uint64_t flags) {
  packet.add_number(trace_packet::trusted_packet_sequence_id, 1);
  if (m_first) flags |= incremental_state_cleared;
  m_first = false;
  if (flags != 0) packet.add_number(trace_packet::sequence_flags, flags);
  ProtoMessage whole;
  whole.add_message(trace::packet, packet);
  m_write(whole.bytes());
}

}  // namespace smmuvp::platform
