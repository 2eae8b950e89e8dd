#include "fdt_writer.h"

#include <fmt/format.h>
#include <libfdt.h>

#include "smmuvp/base/error.h"

namespace smmuvp::platform {

namespace {
// Linux takes device trees of up to 2 MiB (Documentation/arch/arm64/booting.rst).
constexpr std::size_t most_bytes = 2 << 20;
}  // namespace

FdtWriter::FdtWriter() : m_blob(most_bytes) {
  check(fdt_create(m_blob.data(), static_cast<int>(m_blob.size())), "start");
  check(fdt_finish_reservemap(m_blob.data()), "reserve map");
}

void FdtWriter::check(int result, const std::string& what) {
  if (result < 0 && m_error.empty()) m_error = fmt::format("device tree, {}: {}", what, fdt_strerror(result));
}

void FdtWriter::property(const std::string& name, const void* data, std::size_t bytes) {
  check(fdt_property(m_blob.data(), name.c_str(), data, static_cast<int>(bytes)), "property " + name);
}

void FdtWriter::begin(const std::string& name) {
  check(fdt_begin_node(m_blob.data(), name.c_str()), "node " + name);
}
void FdtWriter::end() { check(fdt_end_node(m_blob.data()), "end of a node"); }
void FdtWriter::flag(const std::string& name) { property(name, nullptr, 0); }

void FdtWriter::cells(const std::string& name, const std::vector<std::uint32_t>& values) {
  std::vector<fdt32_t> raw;
  raw.reserve(values.size());
  for (const std::uint32_t v : values) raw.push_back(cpu_to_fdt32(v));
  property(name, raw.data(), raw.size() * sizeof(fdt32_t));
}

void FdtWriter::text(const std::string& name, const std::string& value) {
  property(name, value.c_str(), value.size() + 1);
}

void FdtWriter::texts(const std::string& name, const std::vector<std::string>& values) {
  std::string raw;
  for (const std::string& v : values) raw += v + '\0';
  property(name, raw.data(), raw.size());
}

std::vector<std::uint8_t> FdtWriter::finish() {
  check(fdt_finish(m_blob.data()), "end");
  if (!m_error.empty()) throw ConfigError("", m_error);
  m_blob.resize(fdt_totalsize(m_blob.data()));
  return m_blob;
}

}  // namespace smmuvp::platform
