#include "smmuvp/testdev/testdev_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/base/little_endian.h"
#include "testdev_rows.h"

namespace smmuvp {

using namespace testdev_rows;

namespace {

std::vector<RegisterInfo> table(const TestdevConfig& config) {
  std::vector<RegisterInfo> t{
      {ID, "ID", 0x000, 4, Access::RO, 0x414d4454, 0, sheet},
      {VERSION, "VERSION", 0x004, 4, Access::RO, 2, 0, sheet},
      {CTRL, "CTRL", 0x008, 4, Access::RW, 0, CTRL_ENABLE, sheet},
      {STATUS, "STATUS", 0x00c, 4, Access::RO, 0, 0, sheet},
      {RING_BASE, "RING_BASE", 0x010, 8, Access::RW, 0, ~63ULL, sheet},
      {RING_SIZE, "RING_SIZE", 0x018, 4, Access::RW, 0, 0xffffffff, sheet},
      {PROD, "PROD", 0x01c, 4, Access::RW, 0, 0xffffffff, sheet},
      {CONS, "CONS", 0x020, 4, Access::RO, 0, 0, sheet},
      {IRQ_STATUS, "IRQ_STATUS", 0x024, 4, Access::W1C, 0, 7, sheet},
      {IRQ_ENABLE, "IRQ_ENABLE", 0x028, 4, Access::RW, 0, 7, sheet},
      {SID_COUNT, "SID_COUNT", 0x02c, 4, Access::RO, 1, 0, sheet},
      {SID_BASE, "SID_BASE", 0x030, 4, Access::RO, 0, 0, sheet},
  };
  if (config.express) add_express(t, config);
  for (RegisterInfo& info : t) {
    if (info.id == RING_BASE || info.id == RING_SIZE) {
      info.guard = CTRL;
      info.guard_mask = CTRL_ENABLE;
    }
  }
  return t;
}

TestdevConfig checked(const TestdevConfig& c) {
  if (c.stream_count == 0 || c.stream_count - 1 > 0xffffffffU - c.stream_base) {
    throw ConfigError("stream_count", fmt::format("{} streams from {:#x} do not fit into 32-bit StreamIDs",
                                                  c.stream_count, c.stream_base));
  }
  return c;
}

}  // namespace

TestdevCore::TestdevCore(const TestdevConfig& config, Diag& diag)
    : m_config(checked(config)), m_diag(diag), m_registers(table(config), *this) {
  m_registers.set_reset(SID_COUNT, config.stream_count);
  m_registers.set_reset(SID_BASE, config.stream_base);
}

void TestdevCore::reset() {
  stop();
  m_registers.reset();
}

// ---- registers

// 32-bit registers take 32-bit accesses, the 64-bit one also 64-bit ones.
bool TestdevCore::takes(std::uint32_t offset, unsigned bytes) {
  return bytes == 4 || (bytes == 8 && offset == 0x010);
}

std::uint64_t TestdevCore::read(std::uint32_t offset, unsigned bytes) {
  std::uint64_t value = 0;
  if (takes(offset, bytes)) m_registers.read(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

void TestdevCore::write(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  if (takes(offset, bytes)) m_registers.write(offset, bytes, AccessSecurity::NonSecure, value);
}

std::uint64_t TestdevCore::peek(std::uint32_t offset, unsigned bytes) const {
  std::uint64_t value = 0;
  m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

bool TestdevCore::irq() const { return (m_registers.get(IRQ_STATUS) & m_registers.get(IRQ_ENABLE)) != 0; }

void TestdevCore::register_written(std::uint16_t id, std::uint32_t, AccessSecurity, std::uint64_t old,
                                   std::uint64_t value, std::uint64_t written, std::uint64_t) {
  switch (id) {
    case CTRL:
      if ((written & CTRL_RESET) != 0) {
        reset();
      } else if ((old & CTRL_ENABLE) == 0 && (value & CTRL_ENABLE) != 0) {
        m_registers.set(PROD, 0);
        m_registers.set(CONS, 0);
        m_registers.set(STATUS, 0);
        m_overrun = false;
      } else if ((value & CTRL_ENABLE) == 0) {
        stop();
      }
      break;
    case RING_SIZE:
      m_registers.set(RING_SIZE, std::min(value, max_ring_size));
      break;
    case PROD:
      doorbell();
      break;
    case ATS_CTRL:
      if ((written & ATS_FLUSH) != 0) m_flush = true;
      break;
    case ATC_LIMIT:
      m_registers.set(ATC_LIMIT, std::clamp<std::uint64_t>(value, std::min(1U, m_config.atc_entries),
                                                           m_config.atc_entries));
      break;
    default:
      break;
  }
}

void TestdevCore::register_write_ignored(std::uint16_t id, std::uint32_t) {
  m_diag.guest_error(
      "enabled",
      fmt::format("{} was written while CTRL.ENABLE is 1", id == RING_BASE ? "RING_BASE" : "RING_SIZE"),
      sheet);
}

void TestdevCore::stop() {
  ++m_epoch;
  m_state = State::Idle;
  m_overrun = false;
  m_registers.set(STATUS, m_registers.get(STATUS) & ~STATUS_BUSY);
}

void TestdevCore::doorbell() {
  if ((m_registers.get(CTRL) & CTRL_ENABLE) == 0) return;
  const auto ready = static_cast<std::uint32_t>(m_registers.get(PROD) - m_registers.get(CONS));
  const auto size = static_cast<std::uint32_t>(m_registers.get(RING_SIZE));
  if (ready <= size || m_overrun) return;
  m_diag.guest_error(
      "overrun", fmt::format("PROD is {} ahead of CONS; the ring has {} descriptors", ready, size), sheet);
  m_overrun = true;
  m_overrun_left = size;
}

void TestdevCore::ring_error(const char* why, std::optional<std::uint64_t> address) {
  m_diag.guest_error("RING_ERROR", why, sheet, {}, address);
  ++m_counters.ring_errors;
  stop();
  m_registers.set(STATUS, m_registers.get(STATUS) | STATUS_RING_ERROR);
  m_registers.set(IRQ_STATUS, m_registers.get(IRQ_STATUS) | IRQ_RING);
}

// ---- the worker

bool TestdevCore::start_work() {
  if ((m_registers.get(CTRL) & CTRL_ENABLE) == 0 || (m_registers.get(STATUS) & STATUS_RING_ERROR) != 0)
    return false;
  if (m_overrun && m_overrun_left == 0) {
    ring_error("more descriptors were made ready than the ring has");
    return false;
  }
  const std::uint64_t cons = m_registers.get(CONS);
  if (!m_overrun && m_registers.get(PROD) == cons) return false;
  const std::uint64_t size = m_registers.get(RING_SIZE);
  if (size == 0) return false;  // unreachable with an intact ring: doorbell() has set m_overrun
  m_slot = m_registers.get(RING_BASE) + cons % size * descriptor_bytes;
  m_state = State::Fetch;
  m_registers.set(STATUS, m_registers.get(STATUS) | STATUS_BUSY);
  return true;
}

// Bytes of the next burst: up to 4 KiB, within one 4 KiB page of each side that takes part.
std::uint32_t TestdevCore::burst() const {
  const auto room = [](std::uint64_t address) { return burst_bytes - (address & (burst_bytes - 1)); };
  if (op() > CHECK) return 0;
  std::uint64_t n = m_descriptor.LENGTH - m_done;
  if (op() != WRITE) n = std::min(n, room(m_descriptor.SRC + m_done));
  if (op() == WRITE || op() == COPY) n = std::min(n, room(m_descriptor.DST + m_done));
  return static_cast<std::uint32_t>(n);
}

std::uint8_t TestdevCore::pattern(std::uint64_t i) const {
  return static_cast<std::uint8_t>((m_descriptor.SEED + i / 8) * 0x9e3779b97f4a7c15 >> (8 * (i % 8)));
}

void TestdevCore::set_identity(DmaOperation& access) const {
  access.stream_id = m_config.stream_base + m_descriptor.STREAM;
  access.substream_valid = (m_descriptor.FLAGS & FLAGS_SSV) != 0;
  access.substream_id = access.substream_valid ? m_descriptor.SUBSTREAM & 0xfffff : 0;
  access.privileged = (m_descriptor.FLAGS & FLAGS_PRIV) != 0;
}

bool TestdevCore::next(DmaOperation& access, DmaBuffer& data) {
  if (m_state == State::Idle && !start_work()) return false;
  access = {};
  access.epoch = m_epoch;
  access.stream_id = m_config.stream_base;
  switch (m_state) {
    case State::Fetch:
      access.address = m_slot;
      access.length = descriptor_bytes;
      return true;
    case State::Stop:
      return false;
    case State::Translate:
      access.address = m_descriptor.SRC;
      access.length = 8;
      access.ats = DmaAts::TranslationRequest;
      access.ats_fields.no_write = (m_descriptor.FLAGS & FLAGS_NO_WRITE) != 0;
      set_identity(access);
      access.instruction = (m_descriptor.FLAGS & FLAGS_INST) != 0;
      return true;
    case State::Read:
    case State::Write:
      access.write = m_state == State::Write;
      access.address = (access.write ? m_descriptor.DST : m_descriptor.SRC) + m_done;
      access.length = burst();
      set_identity(access);
      access.instruction = !access.write && (m_descriptor.FLAGS & FLAGS_INST) != 0;
      if (access.write && op() == COPY) {
        std::copy_n(m_copy.begin(), access.length, data.begin());
      } else if (access.write) {
        for (std::uint32_t i = 0; i < access.length; ++i) data[i] = pattern(m_done + i);
      }
      return true;
    case State::WriteBack:
      access.write = true;
      access.address = m_slot + offset_RESPONSE;
      access.length = descriptor_bytes - offset_RESPONSE;
      store_little_endian(&data[0], static_cast<std::uint32_t>(m_response), 4);
      store_little_endian(&data[4], m_done, 8);
      store_little_endian(&data[12], m_result, 8);
      return true;
    default:
      access.write = true;
      access.address = m_slot + offset_STATUS;
      access.length = 4;
      store_little_endian(data.data(), static_cast<std::uint32_t>(m_status), 4);
      return true;
  }
}

void TestdevCore::complete(const DmaOperation& access, DmaResponse response, const DmaBuffer& data) {
  if (access.epoch != m_epoch) return;
  const bool ok = response == DmaResponse::Ok;
  if (m_state == State::Read || m_state == State::Write) ++m_counters.bursts;
  switch (m_state) {
    case State::Idle:
    case State::Stop:
      break;
    case State::Translate:
      take_translation(access.ats_fields.translation);
      break;
    case State::Fetch:
      if (ok) {
        decode(data);
      } else {
        ring_error("a descriptor could not be read", m_slot);
      }
      break;
    case State::Read:
      if (ok) {
        take_read(data);
      } else {
        finish(Status::ReadError, response);
      }
      break;
    case State::Write:
      if (ok) {
        m_counters.written_bytes += burst();
        m_done += burst();
        next_burst();
      } else {
        finish(Status::WriteError, response);
      }
      break;
    case State::WriteBack:
      if (ok) {
        m_state = State::WriteStatus;
      } else {
        ring_error("a descriptor could not be written back", m_slot);
      }
      break;
    case State::WriteStatus:
      if (ok) {
        finished();
      } else {
        ring_error("the status of a descriptor could not be written back", m_slot);
      }
      break;
  }
}

void TestdevCore::decode(const DmaBuffer& data) {
  const auto u32 = [&](unsigned at) { return static_cast<std::uint32_t>(load_little_endian(&data[at], 4)); };
  m_descriptor = {u32(0x00),
                  u32(0x04),
                  u32(0x08),
                  u32(0x0c),
                  load_little_endian(&data[0x10], 8),
                  load_little_endian(&data[0x18], 8),
                  load_little_endian(&data[0x20], 8)};
  m_done = 0;
  m_result = 0;
  const char* wrong = wrong_with_descriptor();
  if (wrong == nullptr) wrong = not_enabled();
  if (wrong != nullptr) {
    m_diag.guest_error("BAD_DESCRIPTOR", wrong, sheet, {}, m_slot);
    finish(Status::BadDescriptor, DmaResponse::Ok);
  } else if (op() == NOP) {
    finish(Status::Ok, DmaResponse::Ok);
  } else if (op() > CHECK) {
    m_state = op() == TRANSLATE ? State::Translate : State::Stop;
  } else {
    next_burst();
  }
}

const char* TestdevCore::wrong_with_descriptor() const {
  const Descriptor& d = m_descriptor;
  const bool known =
      op() <= CHECK ||
      (m_config.express && ((op() == TRANSLATE && m_config.ats) || (op() == PASID_STOP && m_config.pasid)));
  if (!known) return "a descriptor has an unknown OP";
  if (const char* wrong = wrong_with_flags()) return wrong;
  if (!m_config.pasid && (d.FLAGS & (FLAGS_SSV | FLAGS_PRIV | FLAGS_INST)) != 0)
    return "a descriptor has SSV, PRIV or INST set, and the function has no PASID capability";
  if (d.STREAM >= m_config.stream_count) return "a descriptor's STREAM is not below SID_COUNT";
  if (op() == NOP || op() > CHECK) return nullptr;  // moves nothing: SRC, DST and LENGTH have no meaning
  if (d.LENGTH == 0 || d.LENGTH > 1ULL << 32) return "a descriptor's LENGTH is not 1 to 2^32";
  const auto wraps = [&](std::uint64_t address) { return address + (d.LENGTH - 1) < address; };
  if (op() != WRITE && wraps(d.SRC)) return "a descriptor's source range wraps";
  if ((op() == WRITE || op() == COPY) && wraps(d.DST)) return "a descriptor's destination range wraps";
  return nullptr;
}

void TestdevCore::next_burst() {
  if (m_done == m_descriptor.LENGTH) {
    finish(Status::Ok, DmaResponse::Ok);
  } else {
    m_state = op() == WRITE ? State::Write : State::Read;
  }
}

void TestdevCore::take_read(const DmaBuffer& data) {
  const std::uint32_t n = burst();
  m_counters.read_bytes += n;
  if (op() == COPY) {
    std::copy_n(data.begin(), n, m_copy.begin());
    m_state = State::Write;
    return;
  }
  for (std::uint32_t i = 0; i < n; ++i) {
    if (op() == READ) {
      m_result += data[i];
    } else if (data[i] != pattern(m_done + i)) {
      m_done += i;
      m_result = m_done;
      finish(Status::Mismatch, DmaResponse::Ok);
      return;
    }
  }
  m_done += n;
  next_burst();
}

void TestdevCore::finish(Status status, DmaResponse response) {
  m_status = status;
  m_response = response;
  m_state = State::WriteBack;
}

void TestdevCore::finished() {
  std::uint64_t raise = 0;
  if ((m_descriptor.FLAGS & FLAGS_IRQ) != 0) raise |= IRQ_DONE;
  if (m_status != Status::Ok) raise |= IRQ_ERROR;
  ++m_counters.descriptors;
  if (m_status != Status::Ok) ++m_counters.failed;
  m_registers.set(CONS, (m_registers.get(CONS) + 1) & 0xffffffff);
  m_registers.set(STATUS, m_registers.get(STATUS) & ~STATUS_BUSY);
  m_registers.set(IRQ_STATUS, m_registers.get(IRQ_STATUS) | raise);
  if (m_overrun) --m_overrun_left;
  m_state = State::Idle;
}

void TestdevCore::visit(Archive& archive) {
  archive.begin("testdev");
  m_registers.visit(archive);
  archive.value("state", m_state);
  archive.value("epoch", m_epoch);
  archive.value("overrun", m_overrun);
  archive.value("overrun_left", m_overrun_left);
  archive.value("slot", m_slot);
  archive.value("FLAGS", m_descriptor.FLAGS);
  archive.value("STREAM", m_descriptor.STREAM);
  archive.value("SUBSTREAM", m_descriptor.SUBSTREAM);
  archive.value("SEED", m_descriptor.SEED);
  archive.value("SRC", m_descriptor.SRC);
  archive.value("DST", m_descriptor.DST);
  archive.value("LENGTH", m_descriptor.LENGTH);
  archive.value("status", m_status);
  archive.value("response", m_response);
  archive.value("done", m_done);
  archive.value("result", m_result);
  std::vector<std::uint8_t> copy(m_copy.begin(), m_copy.end());
  archive.bytes("copy", copy);
  archive.value("descriptors", m_counters.descriptors);
  archive.value("failed", m_counters.failed);
  archive.value("bursts", m_counters.bursts);
  archive.value("read_bytes", m_counters.read_bytes);
  archive.value("written_bytes", m_counters.written_bytes);
  archive.value("ring_errors", m_counters.ring_errors);
  archive.end();
  if (!archive.loading()) return;
  const bool moving = m_state == State::Read || m_state == State::Write;
  if (copy.size() != m_copy.size() || m_state > State::Stop || m_status > Status::PageFailure ||
      m_registers.get(RING_SIZE) > max_ring_size || (m_state == State::Translate && op() != TRANSLATE) ||
      (m_state == State::Stop && op() != PASID_STOP) ||
      (m_state > State::WriteStatus && wrong_with_descriptor() != nullptr) ||
      (moving && (op() == NOP || op() > CHECK || wrong_with_descriptor() != nullptr ||
                  m_done >= m_descriptor.LENGTH))) {
    archive.fail("testdev", "the state of the worker is impossible");
    reset();
    return;
  }
  std::copy(copy.begin(), copy.end(), m_copy.begin());
}

}  // namespace smmuvp
