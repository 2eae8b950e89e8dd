// Diagnostics for the author of a driver or a platform. What the architecture itself reports (event
// records, GERROR, fault registers, bus responses) never comes this way; see docs/architecture.md.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// What a diagnostic is about.
enum class DiagKind : std::uint8_t {
  GuestError,     ///< software broke a rule of the architecture; `--strict` fails the run
  Unimplemented,  ///< software used what the architecture has and this model has not; told once a site
  HostError,      ///< the host failed a model: a file that has vanished, for example; not the guest's mistake
};

/// One message, as a value; text is made from it at the edge.
struct Diagnostic {
  DiagKind kind = DiagKind::GuestError;
  std::string source;  ///< instance name, for example "smmu0"
  std::string site;    ///< stable name of the rule, for example "CMDQ.opcode"; rate limits go by it
  std::string text;    ///< what was wrong and what was expected
  std::string clause;  ///< document and clause, for example "IHI 0070 4.1.3"
  std::optional<std::uint32_t> stream_id;  ///< StreamID, where one is known
  std::optional<std::uint64_t> address;    ///< address, where one is known
};

/// Where diagnostics go. The platform's sink adds simulated time and the guest's program counter.
class SMMUVP_EXPORT DiagSink {
 public:
  virtual ~DiagSink() = default;
  virtual void report(const Diagnostic& d) = 0;
};

/// A component's front end to a sink: names the source and limits the rate.
/// A GuestError or HostError is passed on `limit` times a site, Unimplemented once a site; all are counted.
class SMMUVP_EXPORT Diag {
 public:
  static constexpr std::uint64_t limit = 10;

  Diag(DiagSink* sink, std::string source) : m_sink(sink), m_source(std::move(source)) {}

  void guest_error(std::string site, std::string text, std::string clause,
                   std::optional<std::uint32_t> stream_id = {}, std::optional<std::uint64_t> address = {});
  void unimplemented(std::string site, std::string text, std::string clause,
                     std::optional<std::uint32_t> stream_id = {}, std::optional<std::uint64_t> address = {});

  void host_error(std::string site, std::string text);

  const std::string& source() const { return m_source; }
  /// How often each site was met, those that were not passed on included.
  const std::map<std::string, std::uint64_t>& counts() const { return m_counts; }
  /// All GuestErrors so far.
  std::uint64_t guest_errors() const { return m_guest_errors; }

 private:
  void put(Diagnostic d, std::uint64_t max);

  DiagSink* m_sink;
  std::string m_source;
  std::map<std::string, std::uint64_t> m_counts;
  std::uint64_t m_guest_errors = 0;
};

/// One line of text: "smmu0: guest error: … [IHI 0070 4.1.3] (StreamID 0x100, address 0x…)".
SMMUVP_EXPORT std::string to_text(const Diagnostic& d);

}  // namespace smmuvp
