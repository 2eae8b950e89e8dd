// What one TBU has of its own: a micro TLB of finished answers, its port and its link to the TCU.
#pragma once

#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/calendar.h"
#include "smmuvp/smmu/micro_tlb.h"
#include "smmuvp/smmu/on_its_way.h"
#include "smmuvp/smmu/stream_statistics.h"

namespace smmuvp::smmu {

/// What becomes of an attribute that a client gives: (given & keep) | force.
struct AttributeRule {
  bool keep = true;
  bool force = false;
  constexpr bool of(bool given) const { return (given & keep) | force; }
  static constexpr AttributeRule forced(bool value) { return {false, value}; }
};

/// An answer that holds for the aligned region around an address of a stream, for whatever access has the
/// rights, until something changes that it was made of.
struct FinishedAnswer {
  std::uint64_t output = 0;  ///< first output address of the region
  pgtable::AddressSpace space = pgtable::AddressSpace::non_secure;
  pgtable::Attributes attributes;
  // As AccessExtension has them: space to mpam are one word, which a hit copies in one step.
  std::uint8_t hints : 4;  ///< allocation_hints() of the attributes
  std::uint8_t pbha : 4;   ///< TlbEntry::pbha
  MpamLabel mpam;          ///< of the stream's configuration, whatever the translation
  pgtable::Rights rights;  ///< all of them where nothing is translated
  AttributeRule privileged;
  AttributeRule instruction;  ///< of reads; writes are Data
  /// Attributes were made of default_attributes: an access that brings others has to be looked at again.
  bool of_default_attributes = false;
  bool translated = true;  ///< false: a bypass
  /// What it was judged as stays inside: all goes on as privileged data.
  bool data_privileged = false;
  std::uint16_t counter = 0;  ///< of TbuCounters: where its uses are counted
  /// Of what has been said above, for accesses of default attributes; see work_out().
  std::uint8_t served = 0;
  std::uint16_t passed_on = 0;

  FinishedAnswer() : hints(0), pbha(0) {}

  /// An access of default attributes, as a number below 8.
  static constexpr unsigned index_of(bool write, bool privileged, bool instruction) {
    return (write ? 4U : 0U) | (instruction ? 2U : 0U) | (privileged ? 1U : 0U);
  }
  /// Whether it serves the accesses of an index, in one step.
  bool serves_index(unsigned index) const { return (served >> index & 1U) != 0; }
  /// What such an access is downstream.
  bool privileged_of_index(unsigned index) const { return (passed_on >> 2 * index & 1U) != 0; }
  bool instruction_of_index(unsigned index) const { return (passed_on >> 2 * index & 2U) != 0; }
  /// Fills in hints, served and passed_on.
  void work_out();
  void visit(Archive& archive);
};

/// pgtable's view of an access.
constexpr pgtable::AccessType access_type(AccessKind kind, bool instruction) {
  switch (kind) {
    case AccessKind::write:
      return pgtable::AccessType::write;
    case AccessKind::atomic:
      return pgtable::AccessType::read_write;
    case AccessKind::translate:
      return pgtable::AccessType::none;
    case AccessKind::read:
      break;
  }
  return instruction ? pgtable::AccessType::execute : pgtable::AccessType::read;
}

struct TbuStructures {
  CacheGeometry micro_tlb_geometry{1, 32};
  StructureTiming port;       ///< acceptance
  StructureTiming micro_tlb;  ///< lookup
  StructureTiming link;       ///< to the TCU, and back from it: each way
};

struct Tbu {
  explicit Tbu(const TbuStructures& s)
      : answers(s.micro_tlb_geometry), port(s.port), lookup(s.micro_tlb), to_tcu(s.link), from_tcu(s.link) {}

  MicroTlb<FinishedAnswer> answers;
  OnItsWay on_its_way;  ///< of answers
  Calendar port;
  Calendar lookup;
  Calendar to_tcu;
  Calendar from_tcu;
  TbuCounters counters;
};

/// Whether the rights of a finished answer allow an access, given what it is downstream.
inline bool permits(const FinishedAnswer& f, AccessKind kind, bool privileged, bool instruction) {
  return pgtable::check_permission(f.rights, access_type(kind, instruction), privileged) ==
         pgtable::PermissionCheck::allowed;
}

/// Whether a finished answer serves a request.
inline bool serves(const FinishedAnswer& f, const AccessRequest& request) {
  const bool instruction = !request.is_write() && f.instruction.of(request.instruction);
  return permits(f, request.kind, f.privileged.of(request.privileged), instruction) &&
         (!f.of_default_attributes || request.attributes == default_attributes);
}

/// What becomes of a request that a finished answer serves, but for the time.
inline void apply(const FinishedAnswer& f, const AccessRequest& request, std::uint8_t shift,
                  AccessAnswer& answer) {
  const bool privileged = f.privileged.of(request.privileged);
  const bool instruction = !request.is_write() && f.instruction.of(request.instruction);
  answer.outcome = Outcome::forward;
  answer.output = f.output | (request.address & ((std::uint64_t{1} << shift) - 1));
  answer.region_shift = shift;
  answer.space = f.space;
  answer.attributes = f.attributes;
  answer.pbha = f.pbha;
  answer.mpam = f.mpam;
  answer.privileged = privileged || f.data_privileged;
  answer.instruction = instruction && !f.data_privileged;
  answer.tlb_hit = f.translated;
}

}  // namespace smmuvp::smmu
