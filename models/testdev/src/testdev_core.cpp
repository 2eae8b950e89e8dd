#include "smmuvp/testdev/testdev_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/base/little_endian.h"

namespace smmuvp {

namespace {

enum Id : std::uint16_t {
  ID,
  VERSION,
  CTRL,
  STATUS,
  RING_BASE,
  RING_SIZE,
  PROD,
  CONS,
  IRQ_STATUS,
  IRQ_ENABLE,
  SID_COUNT,
  SID_BASE,
  ATS_CAPS,
  ATS_CTRL,
  ATC_LIMIT,
  ATC_USED,
  PAGES_OUTSTANDING,
};

constexpr const char* sheet = "docs/testdev.md";
constexpr const char* pci_sheet = "docs/pcie.md, Jobs with PASID and ATS";
constexpr std::uint64_t CTRL_ENABLE = 1;
constexpr std::uint64_t CTRL_RESET = 2;
constexpr std::uint64_t STATUS_BUSY = 1;
constexpr std::uint64_t STATUS_RING_ERROR = 2;
constexpr std::uint64_t IRQ_DONE = 1;
constexpr std::uint64_t IRQ_ERROR = 2;
constexpr std::uint64_t IRQ_RING = 4;
constexpr std::uint64_t max_ring_size = 4096;

constexpr std::uint64_t ATS_NO_FILL = 1;
constexpr std::uint64_t ATS_FLUSH = 2;
constexpr std::uint64_t ATS_NO_COMPLETION = 4;
constexpr std::uint64_t ATS_RING = 8;
constexpr std::uint64_t ATS_GROUP = 0xff00;

enum Op : unsigned { NOP, READ, WRITE, COPY, CHECK, TRANSLATE, PASID_STOP };
constexpr std::uint32_t FLAGS_IRQ = 1U << 8;
constexpr std::uint32_t FLAGS_SSV = 1U << 9;
constexpr std::uint32_t FLAGS_PRIV = 1U << 10;
constexpr std::uint32_t FLAGS_INST = 1U << 11;
constexpr std::uint32_t FLAGS_TYPE = 3U << 12;
constexpr std::uint32_t FLAGS_PAGES = 1U << 14;
constexpr std::uint32_t FLAGS_NO_WRITE = 1U << 15;
constexpr std::uint32_t FLAGS_MARKER = 1U << 16;
constexpr std::uint32_t FLAGS_reserved = 0xfffff000;
constexpr std::uint32_t descriptor_bytes = 64;
constexpr std::uint32_t offset_STATUS = 0x28;
constexpr std::uint32_t offset_RESPONSE = 0x2c;

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
  if (config.express) {
    const std::uint32_t caps = (config.ats ? 1U : 0U) | (config.pasid ? 2U : 0U) | (config.pri ? 4U : 0U) |
                               (config.pasid ? config.pasid_bits : 0) << 8 | config.atc_entries << 16;
    t.push_back({ATS_CAPS, "ATS_CAPS", 0x040, 4, Access::RO, caps, 0, pci_sheet});
    t.push_back({ATS_CTRL, "ATS_CTRL", 0x044, 4, Access::RW, 0,
                 ATS_NO_FILL | ATS_NO_COMPLETION | ATS_RING | ATS_GROUP, pci_sheet});
    t.push_back({ATC_LIMIT, "ATC_LIMIT", 0x048, 4, Access::RW, config.atc_entries, 0xffffffff, pci_sheet});
    t.push_back({ATC_USED, "ATC_USED", 0x04c, 4, Access::RO, 0, 0, pci_sheet});
    t.push_back({PAGES_OUTSTANDING, "PAGES_OUTSTANDING", 0x050, 4, Access::RO, 0, 0, pci_sheet});
  }
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

const char* TestdevCore::wrong_with_flags() const {
  const Descriptor& d = m_descriptor;
  const auto type = (d.FLAGS & FLAGS_TYPE) >> 12;
  std::uint32_t reserved = FLAGS_reserved;
  if (m_config.express) {
    if (m_config.ats) reserved &= ~FLAGS_TYPE;
    if (m_config.pri && op() <= CHECK) reserved &= ~FLAGS_PAGES;
    if (m_config.pri && op() == PASID_STOP) reserved &= ~FLAGS_MARKER;
    if (op() == TRANSLATE) reserved &= ~FLAGS_NO_WRITE;
    if (op() > CHECK) reserved &= ~(FLAGS_TYPE | FLAGS_PAGES);  // not used
  }
  if ((d.FLAGS & reserved) != 0) return "a descriptor has a reserved bit of FLAGS set";
  if (!m_config.express) return nullptr;
  if (op() <= CHECK && type == 3) return "a descriptor's TYPE is 3";
  if (op() <= CHECK && type != 0 && (d.FLAGS & FLAGS_PAGES) != 0)
    return "a descriptor has PAGES set, and its TYPE is not 0";
  const bool pasid = (d.FLAGS & FLAGS_SSV) != 0;
  if (!pasid && (d.FLAGS & (FLAGS_PRIV | FLAGS_INST)) != 0)
    return "a descriptor has PRIV or INST set, and SSV is not";
  if (pasid && d.SUBSTREAM >> m_config.pasid_bits != 0) return "a descriptor's PASID is too wide";
  if (op() == PASID_STOP && !pasid) return "PASID_STOP has no PASID";
  return nullptr;
}

// What the descriptor could have, and software has not enabled in configuration space.
const char* TestdevCore::not_enabled() const {
  if (!m_config.express) return nullptr;
  const std::uint32_t flags = m_descriptor.FLAGS;
  if ((flags & FLAGS_SSV) != 0 && !m_enables.pasid) return "a descriptor has SSV set, and PASID Enable is 0";
  if ((flags & FLAGS_PRIV) != 0 && !m_enables.privileged)
    return "a descriptor has PRIV set, and Privileged Mode Enable is 0";
  if ((flags & FLAGS_INST) != 0 && !m_enables.execute)
    return "a descriptor has INST set, and Execute Permission Enable is 0";
  const bool translated = op() <= CHECK && (flags & FLAGS_TYPE) >> 12 == 2;
  if ((translated || op() == TRANSLATE) && !m_enables.ats)
    return "a descriptor wants translations, and ATS Enable is 0";
  return nullptr;
}

TestdevJob TestdevCore::job() const {
  TestdevJob job;
  job.ring = m_state != State::Read && m_state != State::Write && m_state != State::Translate;
  if (job.ring) return job;
  job.type = static_cast<TestdevJob::Type>((m_descriptor.FLAGS & FLAGS_TYPE) >> 12);
  job.pages = (m_descriptor.FLAGS & FLAGS_PAGES) != 0;
  job.bytes_left = m_state == State::Translate ? 1 : m_descriptor.LENGTH - m_done;
  return job;
}

void TestdevCore::refuse(const DmaOperation& access, TestdevRefusal why, DmaResponse response) {
  if (access.epoch != m_epoch) return;
  switch (m_state) {
    case State::Read:
    case State::Write:
    case State::Translate:
      finish(
          static_cast<Status>(static_cast<unsigned>(Status::TranslationError) + static_cast<unsigned>(why)),
          response);
      break;
    case State::Idle:
    case State::Stop:
      break;
    default:
      ring_error("a descriptor lies where there is no translation", m_slot);
      break;
  }
}

// docs/pcie.md, OP TRANSLATE
void TestdevCore::take_translation(const DmaTranslation& t) {
  m_result = (t.address & ~0xfffULL) | (t.read ? 1U : 0U) | (t.write ? 2U : 0U) | (t.execute ? 4U : 0U) |
             (t.privileged ? 8U : 0U) | (t.global ? 0x10U : 0U) | (t.untranslated_only ? 0x20U : 0U) |
             (t.no_snoop ? 0x40U : 0U);
  m_done = t.size_shift < 64 ? 1ULL << t.size_shift : 0;
  finish(Status::Ok, DmaResponse::Ok);
}

std::optional<TestdevStop> TestdevCore::stopping() const {
  if (m_state != State::Stop) return std::nullopt;
  return TestdevStop{m_descriptor.SUBSTREAM & 0xfffff, (m_descriptor.FLAGS & FLAGS_MARKER) != 0};
}

void TestdevCore::stopped(DmaResponse response) {
  if (m_state != State::Stop) return;
  finish(response == DmaResponse::Ok ? Status::Ok : Status::PageFailure, response);
}

bool TestdevCore::keeps_answers() const {
  return !m_config.express || (m_registers.get(ATS_CTRL) & ATS_NO_FILL) == 0;
}
bool TestdevCore::completes_invalidations() const {
  return !m_config.express || (m_registers.get(ATS_CTRL) & ATS_NO_COMPLETION) == 0;
}
bool TestdevCore::translates_ring() const {
  return m_config.express && (m_registers.get(ATS_CTRL) & ATS_RING) != 0;
}
std::uint32_t TestdevCore::page_group() const {
  if (!m_config.express) return 1;
  return std::max(1U, static_cast<std::uint32_t>((m_registers.get(ATS_CTRL) & ATS_GROUP) >> 8));
}
std::uint32_t TestdevCore::atc_limit() const {
  return m_config.express ? static_cast<std::uint32_t>(m_registers.get(ATC_LIMIT)) : 0;
}

bool TestdevCore::take_flush() {
  const bool flush = m_flush;
  m_flush = false;
  return flush;
}

void TestdevCore::set_ats_counts(std::size_t used, std::uint32_t outstanding) {
  if (!m_config.express) return;
  m_registers.set(ATC_USED, used);
  m_registers.set(PAGES_OUTSTANDING, outstanding);
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
