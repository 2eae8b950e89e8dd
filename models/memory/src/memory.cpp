#include "smmuvp/memory/memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr std::uint64_t page_bytes = 4096;

constexpr TracePoint<std::uint64_t, std::uint64_t> trace_read{
    "memory.read", "a read over the bus", {"address", "length"}};
constexpr TracePoint<std::uint64_t, std::uint64_t> trace_write{
    "memory.write", "a write over the bus", {"address", "length"}};
constexpr TracePoint<std::uint64_t, std::uint64_t> trace_error{
    "memory.error", "a refused access", {"address", "length"}};

bool is_zero(const std::uint8_t* page) {
  static const std::array<std::uint8_t, page_bytes> zeros{};
  return std::memcmp(page, zeros.data(), page_bytes) == 0;
}

std::uint8_t* map(std::uint64_t size) {
  if (size == 0 || size % page_bytes != 0) {
    throw ConfigError("size", fmt::format("memory size {:#x} is no multiple of 4 KiB", size));
  }
  // NORESERVE: a large memory of which the guest touches little must not need that much from the host.
  void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    throw ConfigError("size", fmt::format("the host refuses to map {:#x} bytes of memory", size));
  }
  return static_cast<std::uint8_t*>(p);
}

}  // namespace

Memory::Memory(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "memory", params, host),
      socket("socket"),
      m_size(params.uint("size")),
      m_data(map(m_size)),
      m_latency(static_cast<double>(params.uint("latency_ps")), sc_core::SC_PS),
      m_tracer(this->host().trace(), this->name()),
      m_ports{{"socket", &socket, "reads, writes and DMI; addresses from 0"}} {
  socket.register_b_transport(this, &Memory::b_transport);
  socket.register_get_direct_mem_ptr(this, &Memory::get_direct_mem_ptr);
  socket.register_transport_dbg(this, &Memory::transport_dbg);
}

Memory::~Memory() { ::munmap(m_data, m_size); }

void Memory::notify_written(std::uint64_t offset, std::uint64_t length) {
  for (MemoryWriteListener* listener : m_listeners) listener->memory_written(m_base + offset, length);
}

void Memory::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  delay += m_latency;
  payload.set_dmi_allowed(false);
  const tlm::tlm_response_status status = access(payload);
  payload.set_response_status(status);
  const std::uint64_t length = payload.get_data_length();
  if (status != tlm::TLM_OK_RESPONSE) {
    ++m_errors;
  } else {
    payload.set_dmi_allowed(true);
  }
  if (m_tracer.on()) {
    const auto& point = status != tlm::TLM_OK_RESPONSE ? trace_error
                        : payload.is_write()           ? trace_write
                                                       : trace_read;
    m_tracer.emit(to_ps(sc_core::sc_time_stamp() + delay), point, payload.get_address(), length);
  }
}

tlm::tlm_response_status Memory::access(tlm::tlm_generic_payload& payload) {
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) return tlm::TLM_OK_RESPONSE;
  const std::uint64_t address = payload.get_address();
  const unsigned length = payload.get_data_length();
  const unsigned width = payload.get_streaming_width();
  std::uint8_t* data = payload.get_data_ptr();
  if (length == 0 || width == 0 || data == nullptr) return tlm::TLM_BURST_ERROR_RESPONSE;
  const std::uint64_t span = std::min(length, width);
  if (address >= m_size || span > m_size - address) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  if (auto* cas = payload.get_extension<CompareSwapExtension>()) return compare_swap(payload, *cas);

  const std::uint8_t* enables = payload.get_byte_enable_ptr();
  const unsigned enable_length = payload.get_byte_enable_length();
  if (enables != nullptr && enable_length == 0) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;

  std::uint8_t* at = m_data + address;
  if (enables == nullptr && width >= length) {
    if (payload.is_write()) {
      std::memcpy(at, data, length);
    } else {
      std::memcpy(data, at, length);
    }
  } else {
    for (unsigned i = 0; i < length; ++i) {
      if (enables != nullptr && enables[i % enable_length] != TLM_BYTE_ENABLED) continue;
      if (payload.is_write()) {
        at[i % width] = data[i];
      } else {
        data[i] = at[i % width];
      }
    }
  }
  if (payload.is_write()) {
    ++m_writes;
    m_write_bytes += length;
    notify_written(address, span);
  } else {
    ++m_reads;
    m_read_bytes += length;
  }
  return tlm::TLM_OK_RESPONSE;
}

tlm::tlm_response_status Memory::compare_swap(tlm::tlm_generic_payload& payload, CompareSwapExtension& cas) {
  const std::uint64_t address = payload.get_address();
  const unsigned length = payload.get_data_length();
  if (!payload.is_write()) return tlm::TLM_COMMAND_ERROR_RESPONSE;
  if (payload.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  if ((length != 4 && length != 8) || address % length != 0 || payload.get_streaming_width() < length) {
    return tlm::TLM_BURST_ERROR_RESPONSE;
  }
  std::uint64_t observed = 0;
  for (unsigned i = 0; i < length; ++i)
    observed |= static_cast<std::uint64_t>(m_data[address + i]) << (8 * i);
  const std::uint64_t mask = length == 8 ? ~0ULL : (1ULL << 32) - 1;
  cas.observed = observed;
  cas.swapped = observed == (cas.expected & mask);
  cas.answered = true;
  ++m_compare_swaps;
  if (cas.swapped) {
    std::memcpy(m_data + address, payload.get_data_ptr(), length);
    notify_written(address, length);
  }
  return tlm::TLM_OK_RESPONSE;
}

bool Memory::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  if (payload.get_address() >= m_size) {
    dmi.set_start_address(m_size);
    dmi.set_end_address(~0ULL);
    return false;
  }
  dmi.set_dmi_ptr(m_data);
  dmi.set_start_address(0);
  dmi.set_end_address(m_size - 1);
  dmi.set_read_latency(m_latency);
  dmi.set_write_latency(m_latency);
  dmi.allow_read_write();
  return true;
}

unsigned Memory::transport_dbg(tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  if (address >= m_size || payload.get_data_ptr() == nullptr) return 0;
  const unsigned length =
      static_cast<unsigned>(std::min<std::uint64_t>(payload.get_data_length(), m_size - address));
  if (payload.is_write()) {
    std::memcpy(m_data + address, payload.get_data_ptr(), length);
    notify_written(address, length);
  } else if (payload.is_read()) {
    std::memcpy(payload.get_data_ptr(), m_data + address, length);
  } else {
    return 0;
  }
  return length;
}

// Pages that may differ from zero. The kernel knows which pages exist (pagemap: bit 63 present, bit 62
// swapped); without it every page is looked at.
std::vector<std::uint64_t> Memory::pages_in_use() const {
  std::vector<std::uint64_t> pages;
  const std::uint64_t count = m_size / page_bytes;
  const int fd = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  const std::uint64_t first = reinterpret_cast<std::uintptr_t>(m_data) / page_bytes;
  const bool usable = fd >= 0 && ::sysconf(_SC_PAGESIZE) == static_cast<long>(page_bytes);
  std::array<std::uint64_t, 4096> entries{};
  for (std::uint64_t at = 0; at < count; at += entries.size()) {
    const std::uint64_t n = std::min<std::uint64_t>(entries.size(), count - at);
    const auto want = static_cast<ssize_t>(n * sizeof entries[0]);
    const bool known = usable && ::pread(fd, entries.data(), static_cast<std::size_t>(want),
                                         static_cast<off_t>((first + at) * sizeof entries[0])) == want;
    for (std::uint64_t i = 0; i < n; ++i) {
      if (known && (entries[i] >> 62) == 0) continue;
      if (!is_zero(m_data + (at + i) * page_bytes)) pages.push_back(at + i);
    }
  }
  if (fd >= 0) ::close(fd);
  return pages;
}

void Memory::visit(Archive& archive) {
  archive.begin("memory");
  std::uint64_t size = m_size;
  archive.value("size", size);
  if (size != m_size) archive.fail("size", "the saved memory has another size");
  std::vector<std::uint64_t> pages;
  if (!archive.loading()) pages = pages_in_use();
  std::uint64_t count = pages.size();
  archive.value("pages", count);
  if (archive.loading() && archive.ok()) ::madvise(m_data, m_size, MADV_DONTNEED);
  std::vector<std::uint8_t> content;
  for (std::uint64_t i = 0; i < count && archive.ok(); ++i) {
    std::uint64_t page = archive.loading() ? 0 : pages[i];
    if (!archive.loading()) content.assign(m_data + page * page_bytes, m_data + (page + 1) * page_bytes);
    archive.value("page", page);
    archive.bytes("content", content);
    if (!archive.loading() || !archive.ok()) continue;
    if (page >= m_size / page_bytes || content.size() != page_bytes) {
      archive.fail("page", "a page is outside the memory or has another size");
      break;
    }
    std::memcpy(m_data + page * page_bytes, content.data(), page_bytes);
  }
  archive.value("reads", m_reads);
  archive.value("writes", m_writes);
  archive.value("read_bytes", m_read_bytes);
  archive.value("write_bytes", m_write_bytes);
  archive.value("compare_swaps", m_compare_swaps);
  archive.value("errors", m_errors);
  archive.end();
  if (archive.loading()) notify_written(0, m_size);
}

void Memory::statistics(StatVisitor& visitor) const {
  visitor.stat("reads", m_reads, "1", "reads over the bus (DMI is not counted)");
  visitor.stat("writes", m_writes, "1", "writes over the bus (DMI is not counted)");
  visitor.stat("read_bytes", m_read_bytes, "bytes", "bytes read over the bus");
  visitor.stat("write_bytes", m_write_bytes, "bytes", "bytes written over the bus");
  visitor.stat("compare_swaps", m_compare_swaps, "1", "compare-and-swap accesses");
  visitor.stat("errors", m_errors, "1", "accesses refused with an error response");
}

const ComponentType& memory_type() {
  static const ComponentType type{
      "memory",
      "memory with DMI and compare-and-swap",
      {{"size", ParamType::Uint, "64MiB", "Size in bytes, a multiple of 4 KiB.", page_bytes, 64ULL << 30},
       {"latency_ps", ParamType::Uint, "0", "Time that one access takes, in picoseconds.", 0,
        1'000'000'000'000}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Memory>(name, params, host);
      },
      {trace_read, trace_write, trace_error}};
  return type;
}

}  // namespace smmuvp
