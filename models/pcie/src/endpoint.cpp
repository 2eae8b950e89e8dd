#include "smmuvp/pcie/endpoint.h"

#include <algorithm>

#include "smmuvp/base/little_endian.h"

namespace smmuvp::pcie {

namespace {

constexpr unsigned interrupt_bits = 3;  // docs/testdev.md, IRQ_STATUS
constexpr std::uint32_t offset_IRQ_STATUS = 0x24;
constexpr std::uint32_t offset_IRQ_ENABLE = 0x28;

TestdevConfig device_config(const FunctionInfo& info, const AtsConfig& ats) {
  TestdevConfig config;
  config.pasid = info.pasid_bits != 0;
  config.express = info.ats || info.pasid_bits != 0;
  config.pasid_bits = info.pasid_bits;
  config.ats = info.ats;
  config.pri = info.pri;
  config.atc_entries = info.ats ? ats.atc_entries : 0;
  return config;
}

// Of these, testdev answers those that are aligned and as wide as a register.
bool is_register_access(std::uint32_t length) {
  return length == 1 || length == 2 || length == 4 || length == 8;
}

}  // namespace

Endpoint::Endpoint(Function& function, Diag& diag, const AtsConfig& ats)
    : m_function(function),
      m_diag(diag),
      m_core(device_config(function.info(), ats), diag),
      m_translator(ats),
      m_memory(Function::memory_bar_bytes) {
  update();
}

void Endpoint::access(const BarHit& hit, bool write, std::uint8_t* data, std::uint32_t length) {
  if (hit.bar != 0) {
    std::uint8_t* at = m_memory.data() + hit.offset;
    std::copy_n(write ? data : at, length, write ? at : data);
    return;
  }
  if (!is_register_access(length)) {
    if (!write) std::fill_n(data, length, std::uint8_t{0});
    return;
  }
  if (write) {
    m_core.write(hit.offset, length, load_little_endian(data, length));
  } else {
    store_little_endian(data, m_core.read(hit.offset, length), length);
  }
  update();
}

void Endpoint::peek(const BarHit& hit, std::uint8_t* data, std::uint32_t length) const {
  for (std::uint32_t i = 0; i < length; ++i) {
    data[i] =
        hit.bar != 0 ? m_memory[hit.offset + i] : static_cast<std::uint8_t>(m_core.peek(hit.offset + i, 1));
  }
}

std::uint32_t Endpoint::level() const {
  return static_cast<std::uint32_t>(m_core.peek(offset_IRQ_STATUS, 4) & m_core.peek(offset_IRQ_ENABLE, 4));
}

bool Endpoint::next_message(DmaOperation& operation, DmaBuffer& data) {
  update();
  const MessageControl control = m_function.messages();
  if (!control.enabled || !m_function.makes_requests()) return false;
  const std::uint32_t now = level();
  for (unsigned bit = 0; bit < interrupt_bits; ++bit) {
    const unsigned vector = vector_of(bit, control);
    if (((now & ~m_told) >> bit & 1) == 0 || (control.mask >> vector & 1) != 0) continue;
    for (unsigned other = 0; other < interrupt_bits; ++other) {
      if (vector_of(other, control) == vector) m_told |= now & 1U << other;
    }
    operation = {};
    operation.write = true;
    operation.address = control.address;
    operation.length = 4;
    store_little_endian(data.data(), (control.data & ~(control.count - 1)) | vector, 4);
    m_out = Out::Message;
    return true;
  }
  return false;
}

// A message, then what a group of page requests has left to send, then what testdev does.
bool Endpoint::next(DmaOperation& operation, DmaBuffer& data) {
  if (next_message(operation, data)) return true;
  if (m_translator.next_page_request(operation) || next_access(operation, data) ||
      next_stop(operation, data)) {
    if (m_out != Out::Marker) m_out = Out::Device;
    return true;
  }
  // A device that finds nothing to do may have found out that it cannot: RING_ERROR.
  return next_message(operation, data);
}

bool Endpoint::complete(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) {
  const Out out = m_out;
  m_out = Out::Nothing;
  switch (out) {
    case Out::Message:
      ++m_messages;
      break;
    case Out::Marker:
      m_core.stopped(response);
      break;
    case Out::Device:
      if (m_translator.complete(operation, response, m_control, m_core.keeps_answers()))
        m_core.complete(operation, response, data);
      complain();
      break;
    default:
      break;
  }
  update();
  return out == Out::Message;
}

bool Endpoint::intx() const {
  return level() != 0 && !m_function.messages().enabled && !m_function.interrupt_disabled();
}

void Endpoint::update() {
  follow_ats();
  const MessageControl control = m_function.messages();
  const std::uint32_t now = level();
  m_told &= now;
  std::uint32_t pending = 0;
  for (unsigned bit = 0; control.enabled && bit < interrupt_bits; ++bit) {
    if (((now & ~m_told) >> bit & 1) != 0) pending |= 1U << vector_of(bit, control);
  }
  m_function.set_pending_messages(pending & control.mask);
  m_function.set_interrupt_status(now != 0 && !control.enabled);
}

void Endpoint::reset() {
  m_function.reset();
  m_core.reset();
  m_translator.reset();
  if (m_out == Out::Marker) m_out = Out::Nothing;  // the job that it was of is gone
  std::fill(m_memory.begin(), m_memory.end(), std::uint8_t{0});
  m_told = 0;
  update();
}

void Endpoint::visit(Archive& archive) {
  archive.begin("endpoint");
  m_core.visit(archive);
  m_translator.visit(archive);
  std::vector<std::uint8_t> memory = m_memory;
  archive.bytes("memory", memory);
  archive.value("told", m_told);
  archive.value("out", m_out);
  archive.value("messages", m_messages);
  archive.end();
  if (!archive.loading()) return;
  if (memory.size() != m_memory.size() || m_out > Out::Marker) {
    archive.fail("endpoint", "the size of the memory or the request that is under way is impossible");
    m_out = Out::Nothing;
    return;
  }
  m_memory = std::move(memory);
  m_control = m_function.ats();
  update();
}

}  // namespace smmuvp::pcie
