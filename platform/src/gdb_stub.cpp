#include "gdb_stub.h"

#include <fmt/format.h>

#include <algorithm>

#include "gdb_packet.h"
#include "gdb_registers.h"
#include "smmu_monitor.h"

namespace smmuvp::platform {

namespace {

// GDB shows the number and nothing else; they are those of errno.
constexpr const char* bad_address = "E0e";
constexpr const char* bad_request = "E16";
constexpr const char* no_thread = "E03";
constexpr std::size_t most_breakpoints = 1024;
constexpr std::string_view rcmd = "qRcmd,";

bool starts_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

// "first,second", both hexadecimal.
bool two_numbers(std::string_view text, std::uint64_t& first, std::uint64_t& second) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  const auto a = parse_hex(text.substr(0, comma)), b = parse_hex(text.substr(comma + 1));
  if (!a || !b) return false;
  first = *a;
  second = *b;
  return true;
}

// Two digits; what they say has no meaning for a processor.
bool is_signal(std::string_view text) { return text.size() == 2 && parse_hex(text); }

GdbStub::Answer text_answer(std::string text) { return {GdbStub::Action::Stay, true, std::move(text)}; }

// What does not fit into the reply to qRcmd comes before it, as console output.
GdbStub::Answer console_answer(std::string_view text) {
  GdbStub::Answer answer = text_answer("");
  constexpr std::size_t most = (gdb_packet_size - 8) / 2;
  while (text.size() > most) {
    answer.before.push_back("O" + to_hex(text.substr(0, most)));
    text.remove_prefix(most);
  }
  answer.text = to_hex(text);
  if (answer.text.empty()) answer.text = "OK";
  return answer;
}

}  // namespace

void GdbStub::stopped(const DebugControl& cpu, DebugClient::Reason reason) {
  for (std::size_t i = 0; i < m_cpus.size(); ++i) {
    if (m_cpus[i].second == &cpu) m_stopped = m_selected = i;
  }
  m_reason = reason;
}

std::string GdbStub::stop_reply() const {
  const int signal = m_reason == DebugClient::Reason::Break ? 2 : 5;  // SIGINT, SIGTRAP as GDB numbers them
  return fmt::format("T{:02x}thread:{:x};", signal, m_stopped + 1);
}

GdbStub::Answer GdbStub::handle(std::string_view packet) {
  if (packet.empty()) return text_answer("");
  const std::string_view rest = packet.substr(1);
  switch (packet[0]) {
    case '?':
      return text_answer(stop_reply());
    case 'g':
      return text_answer(read_registers());
    case 'G':
      return text_answer(write_registers(rest));
    case 'p':
      return text_answer(read_register(rest));
    case 'P':
      return text_answer(write_register(rest));
    case 'm':
      return text_answer(read_memory(rest));
    case 'M':
      return text_answer(write_memory(rest, false));
    case 'X':
      return text_answer(write_memory(rest, true));
    case 'Z':
    case 'z':
      return text_answer(breakpoint(packet));
    case 'H':
      return text_answer(select(rest));
    case 'T': {
      std::size_t index = 0;
      return text_answer(take_thread(rest, index) ? "OK" : no_thread);
    }
    case 'c':
      return resume(rest, false);
    case 's':
      return resume(rest, true);
    case 'C':
    case 'S': {
      const std::size_t semicolon = rest.find(';');
      if (!is_signal(rest.substr(0, semicolon))) return text_answer(bad_request);
      return resume(semicolon == std::string_view::npos ? "" : rest.substr(semicolon + 1), packet[0] == 'S');
    }
    case 'D':
      return {Action::Detach, true, "OK"};
    case 'k':
      return {Action::Kill, false};
    case 'v':
      return v_packet(packet);
    case 'q':
      if (starts_with(packet, rcmd)) return monitor(packet.substr(rcmd.size()));
      return text_answer(query(packet));
    case 'Q':
      if (packet == "QStartNoAckMode") return {Action::Stay, true, "OK", true};
      return text_answer("");
    default:
      return text_answer("");
  }
}

void GdbStub::release() {
  for (const auto& b : m_breakpoints) {
    for (const auto& cpu : m_cpus) cpu.second->clear_breakpoint(b.second);
  }
  m_breakpoints.clear();
}

// ---- Threads

// "-1" and "0" mean any: the one that stopped.
bool GdbStub::take_thread(std::string_view text, std::size_t& index) const {
  if (text == "-1" || text == "0") {
    index = m_stopped;
    return true;
  }
  const auto id = parse_hex(text);
  if (!id || *id == 0 || *id > m_cpus.size()) return false;
  index = static_cast<std::size_t>(*id - 1);
  return true;
}

std::string GdbStub::select(std::string_view packet) {
  if (packet.empty() || (packet[0] != 'g' && packet[0] != 'c')) return "";
  std::size_t index = 0;
  if (!take_thread(packet.substr(1), index)) return no_thread;
  if (packet[0] == 'g') m_selected = index;
  return "OK";
}

// ---- Going on

GdbStub::Answer GdbStub::resume(std::string_view address, bool step) {
  if (!address.empty()) {
    const auto pc = parse_hex(address);
    if (!pc || *pc % 4 != 0 || !stopped_cpu().set_debug_register("PC", *pc)) return text_answer(bad_request);
  }
  if (step) stopped_cpu().step();
  return {Action::Resume, false};
}

GdbStub::Answer GdbStub::v_packet(std::string_view packet) {
  if (packet == "vCont?") return text_answer("vCont;c;C;s;S");
  if (starts_with(packet, "vCont;")) return v_cont(packet.substr(6));
  if (starts_with(packet, "vKill;")) return {Action::Kill, true, "OK"};
  return text_answer("");
}

// The first action that names a thread counts for it. All processors go on together: one that no action names
// is not held back.
GdbStub::Answer GdbStub::v_cont(std::string_view actions) {
  bool any = false, step = false, decided = false;
  while (!actions.empty()) {
    const std::size_t end = std::min(actions.find(';'), actions.size());
    std::string_view action = actions.substr(0, end);
    actions.remove_prefix(std::min(end + 1, actions.size()));
    std::size_t thread = m_stopped;
    if (const std::size_t colon = action.find(':'); colon != std::string_view::npos) {
      if (!take_thread(action.substr(colon + 1), thread)) return text_answer(no_thread);
      action = action.substr(0, colon);
    }
    if (action.empty() || std::string_view("csCS").find(action[0]) == std::string_view::npos)
      return text_answer(bad_request);
    const bool with_signal = action[0] == 'C' || action[0] == 'S';
    if (with_signal ? !is_signal(action.substr(1)) : action.size() != 1) return text_answer(bad_request);
    const bool steps = action[0] == 's' || action[0] == 'S';
    if (steps && thread != m_stopped) return text_answer(bad_request);
    if (thread == m_stopped && !decided) {
      step = steps;
      decided = true;
    }
    any = true;
  }
  return any ? resume("", step) : text_answer(bad_request);
}

// ---- Queries

std::string GdbStub::query(std::string_view packet) const {
  if (starts_with(packet, "qSupported")) {
    return fmt::format("PacketSize={:x};qXfer:features:read+;vContSupported+;QStartNoAckMode+",
                       gdb_packet_size);
  }
  constexpr std::string_view xfer = "qXfer:features:read:", extra = "qThreadExtraInfo,";
  if (starts_with(packet, xfer)) return features(packet.substr(xfer.size()));
  if (starts_with(packet, "qAttached")) return "1";
  if (starts_with(packet, "qSymbol:")) return "OK";
  if (packet == "qC") return fmt::format("QC{:x}", m_stopped + 1);
  if (packet == "qsThreadInfo") return "l";
  if (packet == "qfThreadInfo") {
    std::string list = "m";
    for (std::size_t i = 1; i <= m_cpus.size(); ++i) list += fmt::format("{}{:x}", i == 1 ? "" : ",", i);
    return list;
  }
  if (starts_with(packet, extra)) {
    std::size_t index = 0;
    if (!take_thread(packet.substr(extra.size()), index)) return no_thread;
    return to_hex(m_cpus[index].first);
  }
  return "";
}

std::string GdbStub::features(std::string_view annex_and_range) const {
  constexpr std::string_view annex = "target.xml:";
  std::uint64_t offset = 0, length = 0;
  if (!starts_with(annex_and_range, annex)) return "E00";
  if (!two_numbers(annex_and_range.substr(annex.size()), offset, length)) return bad_request;
  const std::string& xml = gdb_target_description();
  if (offset >= xml.size()) return "l";
  // An answer has its letter, and a byte may become two.
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(length, (gdb_packet_size - 1) / 2));
  const std::string part = xml.substr(static_cast<std::size_t>(offset), most);
  return (offset + part.size() < xml.size() ? "m" : "l") + part;
}

GdbStub::Answer GdbStub::monitor(std::string_view hex) const {
  const auto words = from_hex(hex);
  if (!words) return text_answer(bad_request);
  if (*words == "help") {
    return console_answer(std::string("help    this text\n"
                                      "cpus    the processors: thread, name, PC\n") +
                          (m_smmu ? SmmuMonitor::help() : ""));
  }
  if (*words == "cpus") {
    std::string list;
    for (std::size_t i = 0; i < m_cpus.size(); ++i) {
      list += fmt::format("{} {} {:#x}\n", i + 1, m_cpus[i].first,
                          m_cpus[i].second->debug_register("PC").value_or(0));
    }
    return console_answer(list);
  }
  if (m_smmu && (*words == "smmu" || starts_with(*words, "smmu ")))
    return console_answer(m_smmu(words->substr(4)));
  return console_answer("no such command; 'monitor help' lists them\n");
}

// ---- Registers and memory

std::string GdbStub::read_registers() const {
  std::string all;
  for (const GdbRegister& reg : gdb_registers()) all += read_gdb_register(selected(), reg);
  return all;
}

std::string GdbStub::write_registers(std::string_view hex) {
  const auto bytes = from_hex(hex);
  std::size_t total = 0;
  for (const GdbRegister& reg : gdb_registers()) total += reg.bytes;
  if (!bytes || bytes->size() != total || m_selected != m_stopped) return bad_request;
  // PSTATE first: it says which stack pointer SP is.
  const std::string_view view = *bytes;
  bool good = true;
  for (const bool pstate : {true, false}) {
    std::size_t at = 0;
    for (const GdbRegister& reg : gdb_registers()) {
      if ((reg.name == "cpsr") == pstate)
        good = good && write_gdb_register(selected(), reg, view.substr(at, reg.bytes));
      at += reg.bytes;
    }
  }
  return good ? "OK" : bad_request;
}

std::string GdbStub::read_register(std::string_view number) const {
  const auto n = parse_hex(number);
  if (!n || *n >= gdb_registers().size()) return bad_request;
  return read_gdb_register(selected(), gdb_registers()[static_cast<std::size_t>(*n)]);
}

std::string GdbStub::write_register(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || m_selected != m_stopped) return bad_request;
  const auto n = parse_hex(assignment.substr(0, equals));
  const auto bytes = from_hex(assignment.substr(equals + 1));
  if (!n || *n >= gdb_registers().size() || !bytes) return bad_request;
  return write_gdb_register(selected(), gdb_registers()[static_cast<std::size_t>(*n)], *bytes) ? "OK"
                                                                                               : bad_request;
}

std::string GdbStub::read_memory(std::string_view range) const {
  std::uint64_t address = 0, length = 0;
  if (!two_numbers(range, address, length)) return bad_request;
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(length, gdb_packet_size / 2)), '\0');
  const std::size_t got = selected().debug_read(address, bytes.data(), bytes.size());
  if (got == 0 && !bytes.empty()) return bad_address;
  bytes.resize(got);
  return to_hex(bytes);
}

std::string GdbStub::write_memory(std::string_view range_and_data, bool binary) {
  const std::size_t colon = range_and_data.find(':');
  std::uint64_t address = 0, length = 0;
  if (colon == std::string_view::npos || !two_numbers(range_and_data.substr(0, colon), address, length))
    return bad_request;
  const std::string_view data = range_and_data.substr(colon + 1);
  const auto bytes = binary ? std::string(data) : from_hex(data);
  if (!bytes || bytes->size() != length) return bad_request;
  return selected().debug_write(address, bytes->data(), bytes->size()) == bytes->size() ? "OK" : bad_address;
}

// Z0 and Z1 are the same here: no instruction is written into memory.
std::string GdbStub::breakpoint(std::string_view packet) {
  if (packet.size() < 3 || packet[2] != ',' || (packet[1] != '0' && packet[1] != '1')) return "";
  std::uint64_t address = 0, kind = 0;
  // What follows a ';' are conditions and commands, which are not offered.
  if (!two_numbers(
          packet.substr(3, packet.find(';') == std::string_view::npos ? packet.npos : packet.find(';') - 3),
          address, kind))
    return bad_request;
  const std::pair<char, std::uint64_t> entry(packet[1], address);
  const std::pair<char, std::uint64_t> twin(packet[1] == '0' ? '1' : '0', address);
  if (packet[0] == 'z') {
    if (m_breakpoints.erase(entry) != 0 && m_breakpoints.count(twin) == 0) {
      for (const auto& cpu : m_cpus) cpu.second->clear_breakpoint(address);
    }
    return "OK";
  }
  if (m_breakpoints.count(entry) != 0) return "OK";
  if (m_breakpoints.size() >= most_breakpoints) return bad_request;
  for (const auto& cpu : m_cpus) {
    if (!cpu.second->set_breakpoint(address)) {
      if (m_breakpoints.count(twin) == 0) {
        for (const auto& other : m_cpus) other.second->clear_breakpoint(address);
      }
      return bad_address;
    }
  }
  m_breakpoints.insert(entry);
  return "OK";
}

}  // namespace smmuvp::platform
