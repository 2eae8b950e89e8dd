// What comes into an SMMU from a client device, and what goes back.
#pragma once

#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/attributes.h"

namespace smmuvp::smmu {

/// Simulated time of the cores, in picoseconds.
using TimePs = std::uint64_t;

using pgtable::AddressSpace;
using pgtable::Attributes;
using pgtable::Shareability;

/// Normal Write-Back, Read- and Write-Allocate, non-transient, Non-shareable: what a client that supplies no
/// attributes is given (IHI 0070 13.1.3, IHI 0062 2.4.1).
constexpr Attributes default_attributes{0xff, Shareability::non_shareable};

/// What the memory system partitions its resources and counts by (MPAM, DDI 0598): goes with every access.
struct MpamLabel {
  std::uint8_t pmg = 0;
  AddressSpace space = AddressSpace::non_secure;  ///< that PARTID and PMG are of: MPAM_NS, or MPAM_SP
  std::uint16_t partid = 0;

  void visit(Archive& archive);
};
constexpr bool operator==(const MpamLabel& a, const MpamLabel& b) {
  return a.partid == b.partid && a.pmg == b.pmg && a.space == b.space;
}

/// Of a stream's accesses.
struct MpamLabels {
  MpamLabel access;      ///< its own, and those to its tables of stage 1
  MpamLabel structures;  ///< those to what leads there: its configuration, and tables of stage 2

  void visit(Archive& archive);
};

/// What the transaction does with the location.
enum class AccessKind : std::uint8_t {
  read,
  write,
  atomic,     ///< reads and writes in one step
  translate,  ///< asks for the translation only: no permission check (debuggers)
};

/// A kind of transaction that no SMMU with these features can take.
enum class Unsupported : std::uint8_t {
  none,
  malformed,  ///< zero length, or beyond the end of the address space
  ats,        ///< a message of ATS that lacks what it needs to be asked and answered
  identity,   ///< not of the one stream, space and privilege that its TBU is fixed to
};

/// What an ATS-capable device asks for. An SMMU without ATS refuses all but `none`.
enum class AtsPhase : std::uint8_t { none, translation_request, translated, page_request };

/// What a page request of PCIe has beside address and identity.
struct PageRequestFields {
  bool last = false;
  bool read = false;
  bool write = false;
  std::uint16_t PRGI = 0;  ///< 9 bits

  friend bool operator==(const PageRequestFields& a, const PageRequestFields& b) {
    return a.last == b.last && a.read == b.read && a.write == b.write && a.PRGI == b.PRGI;
  }
};

/// One transaction of a client device, or the part of one that lies in one translation region.
struct AccessRequest {
  std::uint64_t address = 0;  ///< 64 bits, sign extension done by the client
  std::uint32_t stream_id = 0;
  std::uint32_t substream_id = 0;
  bool substream_valid = false;
  AddressSpace space = AddressSpace::non_secure;  ///< of the request (IHI 0070 3.10.1, IHI 0062 2.2)
  bool secure_stream = false;                     ///< SEC_SID, where `space` alone does not say it
  AccessKind kind = AccessKind::read;
  bool privileged = false;
  /// Reads only: writes and atomics are always data (IHI 0070 13.1.2, IHI 0062 2.4.1).
  bool instruction = false;
  Unsupported unsupported = Unsupported::none;
  AtsPhase ats = AtsPhase::none;
  bool no_write = false;           ///< NW of a Translation Request
  PageRequestFields page_request;  ///< with AtsPhase::page_request
  bool debug = false;              ///< no events, no statistics, no cache changes
  /// With debug: flag updates are asked for as by an access, and whoever carries out operations makes none.
  bool foresee = false;
  /// With foresee: as though no fault were recorded yet, and nothing stalled.
  bool afresh = false;
  /// Who asks goes on with others meanwhile: the access may wait for the walk of another (Step::waits).
  bool can_wait = false;
  Attributes attributes = default_attributes;
  std::uint8_t port = 0;  ///< index of the TBU
  TimePs time = 0;        ///< when it arrives

  bool is_write() const { return kind == AccessKind::write || kind == AccessKind::atomic; }
  void visit(Archive& archive);
};

enum class Outcome : std::uint8_t {
  forward,   ///< goes downstream with `output`
  abort,     ///< terminated; the client gets a bus error
  razwi,     ///< terminated; reads give zero, writes are ignored, no error (IHI 0070 5.5, IHI 0062 3.7.4)
  answered,  ///< a Translation Request: ends here, with `ats`
};

/// How a Translation Request ends.
enum class AtsStatus : std::uint8_t { none, success, unsupported_request, completer_abort };

/// The Translation Completion. Rights, address and size count with success.
struct AtsAnswer {
  AtsStatus status = AtsStatus::none;
  bool read = false;
  bool write = false;
  bool execute = false;
  bool privileged = false;
  std::uint8_t size_shift = 12;
  std::uint64_t translated_address = 0;  ///< of the region's first byte

  bool any() const { return read || write || execute; }
  void visit(Archive& archive);
};

/// The end of an access.
struct AccessAnswer {
  Outcome outcome = Outcome::abort;
  std::uint64_t output = 0;       ///< physical address of AccessRequest::address
  std::uint8_t region_shift = 0;  ///< the answer holds for the aligned 2^region_shift bytes around address
  AddressSpace space = AddressSpace::non_secure;
  Attributes attributes = default_attributes;
  std::uint8_t pbha = 0;  ///< AccessExtension::pbha
  MpamLabel mpam;
  bool privileged = false;
  bool instruction = false;
  bool tlb_hit = false;
  TimePs time = 0;  ///< when the SMMU passes it on, or answers it
  AtsAnswer ats;    ///< with Outcome::answered

  void visit(Archive& archive);
};

/// Stands for a transaction between its translation and its end downstream. Synchronisation commands wait
/// for it. Given back once, by the core's leave().
struct FlightToken {
  std::uint64_t generation = 0;
  TimePs begin = 0;

  /// Whether it stands for one.
  bool valid() const { return generation != 0; }
};

}  // namespace smmuvp::smmu
