#include "smmuvp/smmuv3testengine/smmuv3testengine_core.h"

#include <fmt/format.h>

#include "smmuv3testengine_registers.h"
#include "smmuvp/base/little_endian.h"

namespace smmuvp {

namespace {

constexpr const char* sheet = test_engine_sheet;
constexpr std::uint32_t no_substream = ~0U;
constexpr std::uint32_t max_substream = 0xfffff;
constexpr std::uint64_t PCTRL_SSD_NS = 1;
constexpr std::uint64_t UCTRL_MSI_ABORTED = 1;
constexpr std::uint32_t msi_bytes = 4;

Smmuv3TestEngineConfig checked(const Smmuv3TestEngineConfig& c) {
  const auto in = [](const char* name, std::uint32_t value, std::uint32_t max) {
    if (value >= 1 && value <= max) return;
    throw ConfigError(name, fmt::format("{} is not 1 to {}", value, max));
  };
  in("pairs", c.pairs, Smmuv3TestEngineCore::max_pairs);
  in("ports", c.ports, Smmuv3TestEngineCore::max_ports);
  if (c.stream_count != 0 && c.stream_count - 1 > 0xffffffffU - c.stream_base) {
    throw ConfigError("stream_count", fmt::format("{} streams from {:#x} do not fit into 32-bit StreamIDs",
                                                  c.stream_count, c.stream_base));
  }
  return c;
}

bool reads(std::uint32_t command) {
  return command == Smmuv3TestEngineCore::MEMCPY || command == Smmuv3TestEngineCore::SUM64;
}
bool writes(std::uint32_t command) {
  return command == Smmuv3TestEngineCore::MEMCPY || command == Smmuv3TestEngineCore::RAND48;
}

void put_attributes(DmaOperation& access, const TestEngineAttributes& a) {
  access.privileged = a.privileged;
  access.instruction = !access.write && a.instruction;  // writes are always data (IHI 0070 13.1.2)
  access.attributes_valid = true;
  access.memory_type = a.memory_type;
  access.shareability = a.shareability;
}

}  // namespace

Smmuv3TestEngineCore::Smmuv3TestEngineCore(const Smmuv3TestEngineConfig& config, Diag& diag)
    : m_config(checked(config)),
      m_diag(diag),
      m_registers(test_engine_registers(config.pairs), m_no_observer),
      m_ready(config.ports),
      m_turn(config.ports) {
  for (std::uint32_t pair = 0; pair < config.pairs; ++pair) {
    m_registers.set_reset(test_engine_id(PCTRL, pair), config.non_secure ? PCTRL_SSD_NS : 0);
  }
}

// ---- registers

Smmuv3TestEngineCore::Place Smmuv3TestEngineCore::place(std::uint32_t offset) const {
  const std::uint32_t in_pair = offset % pair_bytes;
  return {offset / pair_bytes * frames_per_pair + in_pair % page_bytes / frame_bytes, in_pair % frame_bytes,
          in_pair >= page_bytes};
}

std::uint64_t Smmuv3TestEngineCore::get(unsigned field, std::uint32_t frame) const {
  return m_registers.get(test_engine_id(field, frame / frames_per_pair), frame % frames_per_pair);
}

void Smmuv3TestEngineCore::set(unsigned field, std::uint32_t frame, std::uint64_t value) {
  m_registers.set(test_engine_id(field, frame / frames_per_pair), value, frame % frames_per_pair);
}

void Smmuv3TestEngineCore::count(unsigned field, std::uint32_t frame, std::uint32_t n) {
  set(field, frame, get32(field, frame) + n);
}

std::uint32_t Smmuv3TestEngineCore::cmd(std::uint32_t frame) const { return get32(CMD, frame); }

bool Smmuv3TestEngineCore::running(std::uint32_t frame) const {
  const std::uint32_t state = cmd(frame);
  return state == MEMCPY || state == RAND48 || state == SUM64;
}

bool Smmuv3TestEngineCore::hidden(std::uint32_t frame, AccessSecurity security) const {
  return security == AccessSecurity::NonSecure && (get(PCTRL, frame) & PCTRL_SSD_NS) == 0;
}

std::optional<std::uint32_t> Smmuv3TestEngineCore::frame_of_cmd(std::uint32_t offset) const {
  const Place at = place(offset);
  if (offset >= window() || at.privileged || at.offset != 0) return std::nullopt;
  return at.frame;
}

std::uint64_t Smmuv3TestEngineCore::read(std::uint32_t offset, unsigned bytes, AccessSecurity security) {
  return peek(offset, bytes, security);
}

std::uint64_t Smmuv3TestEngineCore::peek(std::uint32_t offset, unsigned bytes,
                                         AccessSecurity security) const {
  std::uint64_t value = 0;
  if (offset < window() && !hidden(place(offset).frame, security)) {
    m_registers.peek(offset, bytes, security, value);
  }
  return value;
}

void Smmuv3TestEngineCore::write(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                 std::uint64_t value) {
  if (offset >= window()) return;
  const Place at = place(offset);
  const auto refuse = [&](const char* site, const char* why) {
    m_diag.guest_error(site, fmt::format("frame {}: {}", at.frame, why), sheet, {}, offset);
  };
  if (hidden(at.frame, security)) {
    return refuse("secure", "a Non-secure write to a frame whose pctrl.SSD_NS is 0 is ignored");
  }
  if (running(at.frame)) return refuse("running", "a write while a command runs is ignored");
  const bool covers_cmd = !at.privileged && at.offset < 4;
  if (covers_cmd && bytes < 4) return refuse("cmd.size", "cmd takes writes of 32 bits");
  m_registers.write(offset, bytes, security, value);
  if (at.privileged && at.offset == 0 && security == AccessSecurity::NonSecure) {
    set(PCTRL, at.frame, get(PCTRL, at.frame) | PCTRL_SSD_NS);  // only Secure software alters it
  }
  if (covers_cmd) command(at.frame, static_cast<std::uint32_t>(value));
}

void Smmuv3TestEngineCore::reset() {
  m_work.clear();
  for (auto& ready : m_ready) ready.clear();
  for (std::uint32_t& turn : m_turn) turn = 0;
  m_registers.reset();
}

// ---- commands

void Smmuv3TestEngineCore::command(std::uint32_t frame, std::uint32_t value) {
  if (value == NO_FRAME || value == HALTED) {
    set(CMD, frame, HALTED);
    return;
  }
  if (const char* wrong = wrong_with(frame, value)) {
    set(CMD, frame, FRAME_MISCONFIGURED);
    ++m_counters.misconfigured;
    m_diag.guest_error("misconfigured", fmt::format("frame {}: {}", frame, wrong), sheet);
    return;
  }
  set(CMD, frame, value);
  Work& work = m_work[frame];
  work.command = value;
  work.range = range_of(frame);
  work.piece.reset();
  if (value == SUM64) set(UDATA1, frame, 0);
  ++m_counters.commands;
  go_on(frame);
}

const char* Smmuv3TestEngineCore::wrong_with(std::uint32_t frame, std::uint32_t command) const {
  if (!reads(command) && !writes(command)) return "cmd is no command";
  const std::uint64_t begin = get(BEGIN, frame);
  const std::uint64_t end_incl = get(END_INCL, frame);
  if (const char* wrong = TestEngineRange::wrong(begin, end_incl, get(STRIDE, frame))) return wrong;
  if (command == SUM64 && ((begin & 7) != 0 || (end_incl & 7) != 7)) {
    return "sum64 takes whole, aligned 64-bit numbers";
  }
  const auto half = [&](unsigned shift) {
    return decode_test_engine_attributes(static_cast<std::uint16_t>(get(ATTRIBUTES, frame) >> shift));
  };
  if (reads(command) && !half(0)) return "the source half of attributes is no encoding";
  if (writes(command) && !half(16)) return "the destination half of attributes is no encoding";
  if (command == MEMCPY && destination(frame) > ~range_of(frame).last()) {
    return "the destination in udata[0] goes beyond the end of the address space";
  }
  return wrong_with_source(frame);
}

const char* Smmuv3TestEngineCore::wrong_with_source(std::uint32_t frame) const {
  if (get(DOWNSTREAM_PORT_INDEX, frame) >= m_config.ports) {
    return "downstream_port_index names no port of this engine";
  }
  const std::uint32_t substream = get32(SUBSTREAMID, frame);
  if (substream != no_substream && substream > max_substream) {
    return "substreamid has more than 20 bits and is not 0xffffffff";
  }
  if (m_config.stream_count != 0 && get32(STREAMID, frame) - m_config.stream_base >= m_config.stream_count) {
    return "streamid is none of this engine's";
  }
  if (get(MSIADDRESS, frame) == 0) return nullptr;
  if (get(MSIADDRESS, frame) % msi_bytes != 0) return "msiaddress is not a multiple of 4";
  if (!decode_test_engine_attributes(static_cast<std::uint16_t>(get(MSIATTR, frame)))) {
    return "msiattr is no encoding";
  }
  return nullptr;
}

TestEngineRange Smmuv3TestEngineCore::range_of(std::uint32_t frame) const {
  return {get(BEGIN, frame), get(END_INCL, frame), get(STRIDE, frame), get32(SEED, frame)};
}

// Of offset 0 of the range. Elements of a strided copy are aligned on both sides.
std::uint64_t Smmuv3TestEngineCore::destination(std::uint32_t frame) const {
  const std::uint64_t address = get(UDATA0, frame);
  return get(STRIDE, frame) == 1 ? address : address & ~7ULL;
}

TestEngineAttributes Smmuv3TestEngineCore::attributes(std::uint32_t frame, bool write) const {
  const std::uint32_t both = get32(ATTRIBUTES, frame);
  return decode_test_engine_attributes(static_cast<std::uint16_t>(write ? both >> 16 : both))
      .value_or(TestEngineAttributes{});
}

void Smmuv3TestEngineCore::put_source(std::uint32_t frame, DmaOperation& access) const {
  const std::uint32_t substream = get32(SUBSTREAMID, frame);
  access.stream_id = get32(STREAMID, frame);
  access.substream_valid = substream != no_substream;
  access.substream_id = access.substream_valid ? substream : 0;
  access.secure = (get(PCTRL, frame) & PCTRL_SSD_NS) == 0;
}

// ---- work

std::uint32_t Smmuv3TestEngineCore::port_of(std::uint32_t frame, const Work& work) const {
  return work.msi ? work.msi->port : get32(DOWNSTREAM_PORT_INDEX, frame);
}

// A frame with nothing left is forgotten, any other waits for its turn.
void Smmuv3TestEngineCore::go_on(std::uint32_t frame) {
  const auto found = m_work.find(frame);
  const Work& work = found->second;
  if (work.command == HALTED && !work.msi) {
    m_work.erase(found);
  } else if (work.number == 0) {
    m_ready[port_of(frame, work)].insert(frame);
  }
}

bool Smmuv3TestEngineCore::next(std::uint32_t port, DmaOperation& access, DmaBuffer& data) {
  std::set<std::uint32_t>& ready = m_ready[port];
  if (ready.empty()) return false;
  auto turn = ready.lower_bound(m_turn[port]);
  if (turn == ready.end()) turn = ready.begin();
  const std::uint32_t frame = *turn;
  ready.erase(turn);
  m_turn[port] = frame + 1;
  Work& work = m_work.at(frame);
  if (work.number == 0) open(frame, work);
  access = operation(frame, work);
  if (access.write) fill(frame, work, data);
  return true;
}

void Smmuv3TestEngineCore::open(std::uint32_t frame, Work& work) {
  work.number = ++m_number;
  if (work.msi) return;
  if (!work.piece) {
    work.piece = work.range.take(work.command == MEMCPY ? destination(frame) : work.range.base());
  }
  count(COUNT_OF_TRANSACTIONS_LAUNCHED, frame, 1);
}

DmaOperation Smmuv3TestEngineCore::operation(std::uint32_t frame, const Work& work) const {
  DmaOperation access;
  if (work.msi) {
    access = work.msi->write;
  } else {
    access.write = work.command == RAND48 || !work.copied.empty();
    const bool at_destination = work.command == MEMCPY && access.write;
    access.address = (at_destination ? destination(frame) : work.range.base()) + work.piece->offset;
    access.length = work.piece->bytes;
    put_source(frame, access);
    put_attributes(access, attributes(frame, access.write));
  }
  access.epoch = work.number * frames() + frame;
  return access;
}

void Smmuv3TestEngineCore::fill(std::uint32_t frame, const Work& work, DmaBuffer& data) const {
  if (work.msi) {
    store_little_endian(data.data(), work.msi->data, msi_bytes);
  } else if (work.command == RAND48) {
    const std::uint64_t address = work.range.base() + work.piece->offset;
    // Each element of a strided range is seeded by itself.
    const std::uint64_t start = work.range.strided() ? address : work.range.base();
    fill_rand48(data.data(), address, work.piece->bytes, start, get32(SEED, frame));
  } else {
    std::copy(work.copied.begin(), work.copied.end(), data.begin());
  }
}

void Smmuv3TestEngineCore::complete(const DmaOperation& access, DmaResponse response, const DmaBuffer& data) {
  const std::uint32_t frame = frame_of(access);
  const auto found = m_work.find(frame);
  if (found == m_work.end() || found->second.number == 0 || found->second.number != access.epoch / frames()) {
    return;
  }
  Work& work = found->second;
  const DmaOperation made = operation(frame, work);
  m_ready[port_of(frame, work)].erase(frame);  // it is in there if it was restored
  work.number = 0;
  ++m_counters.accesses;
  if (work.msi) {
    answer_msi(frame, work, response);
  } else {
    answer_piece(frame, work, made, response, data);
  }
  go_on(frame);
}

void Smmuv3TestEngineCore::answer_msi(std::uint32_t frame, Work& work, DmaResponse response) {
  ++m_counters.msis;
  if (response != DmaResponse::Ok) {
    ++m_counters.msis_aborted;
    set(UCTRL, frame, get(UCTRL, frame) | UCTRL_MSI_ABORTED);
  }
  work.msi.reset();
}

void Smmuv3TestEngineCore::answer_piece(std::uint32_t frame, Work& work, const DmaOperation& access,
                                        DmaResponse response, const DmaBuffer& data) {
  const bool ok = response == DmaResponse::Ok;
  const bool copies = work.command == MEMCPY;
  if (ok) (access.write ? m_counters.written_bytes : m_counters.read_bytes) += access.length;
  if (ok && copies && !access.write) {
    // Its return is counted with that of the write, so that who waits for the count to move finds the data.
    work.copied.assign(data.begin(), data.begin() + access.length);
    return;
  }
  count(COUNT_OF_TRANSACTIONS_RETURNED, frame, copies && access.write ? 2 : 1);
  work.copied.clear();
  work.piece.reset();
  if (!ok) {
    set(UDATA2, frame, access.address);
    ++m_counters.failed;
    finish(frame, work, ERROR);
    return;
  }
  if (work.command == SUM64) {
    // Byte by byte, since a piece need not be whole numbers: modulo 2^64 it is the same sum.
    std::uint64_t sum = get(UDATA1, frame);
    for (std::uint32_t i = 0; i < access.length; ++i) {
      sum += std::uint64_t{data[i]} << (8 * ((access.address + i) % 8));
    }
    set(UDATA1, frame, sum);
  }
  if (work.range.done()) finish(frame, work, HALTED);
}

// The state is there before the message is sent, so that the interrupt's handler finds it.
void Smmuv3TestEngineCore::finish(std::uint32_t frame, Work& work, std::uint32_t state) {
  set(CMD, frame, state);
  work.command = HALTED;
  work.range = TestEngineRange();
  const std::uint64_t address = get(MSIADDRESS, frame);
  if (address == 0) return;
  work.msi.emplace();
  work.msi->write.write = true;
  work.msi->write.address = address;
  work.msi->write.length = msi_bytes;
  put_source(frame, work.msi->write);
  const auto encoded = static_cast<std::uint16_t>(get(MSIATTR, frame));
  put_attributes(work.msi->write, decode_test_engine_attributes(encoded).value_or(TestEngineAttributes{}));
  work.msi->data = get32(MSIDATA, frame);
  work.msi->port = get32(DOWNSTREAM_PORT_INDEX, frame);
}

}  // namespace smmuvp
