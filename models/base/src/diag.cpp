#include "smmuvp/base/diag.h"

#include <fmt/format.h>

#include <utility>

namespace smmuvp {

void Diag::put(Diagnostic d, std::uint64_t max) {
  std::uint64_t& count = m_counts[d.site];
  ++count;
  if (m_sink == nullptr || count > max) return;
  if (count == max && max > 1) d.text += " (further ones of this kind are only counted)";
  d.source = m_source;
  m_sink->report(d);
}

void Diag::guest_error(std::string site, std::string text, std::string clause,
                       std::optional<std::uint32_t> stream_id, std::optional<std::uint64_t> address) {
  ++m_guest_errors;
  put({DiagKind::GuestError, {}, std::move(site), std::move(text), std::move(clause), stream_id, address},
      limit);
}

void Diag::unimplemented(std::string site, std::string text, std::string clause,
                         std::optional<std::uint32_t> stream_id, std::optional<std::uint64_t> address) {
  put({DiagKind::Unimplemented, {}, std::move(site), std::move(text), std::move(clause), stream_id, address},
      1);
}

void Diag::host_error(std::string site, std::string text) {
  put({DiagKind::HostError, {}, std::move(site), std::move(text), {}, {}, {}}, limit);
}

std::string to_text(const Diagnostic& d) {
  const char* kind = d.kind == DiagKind::GuestError  ? "guest error"
                     : d.kind == DiagKind::HostError ? "host error"
                                                     : "not implemented";
  std::string out = fmt::format("{}: {}: {}", d.source, kind, d.text);
  if (!d.clause.empty()) out += fmt::format(" [{}]", d.clause);
  if (d.stream_id && d.address) {
    out += fmt::format(" (StreamID {:#x}, address {:#x})", *d.stream_id, *d.address);
  } else if (d.stream_id) {
    out += fmt::format(" (StreamID {:#x})", *d.stream_id);
  } else if (d.address) {
    out += fmt::format(" (address {:#x})", *d.address);
  }
  return out;
}

}  // namespace smmuvp
