// What a walk answers: a translation or a fault, with all its facts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk_question.h"

namespace smmuvp::pgtable {

enum class FaultKind : std::uint8_t {
  none,
  translation,
  address_size,
  access_flag,
  permission,
  domain,              ///< v7s only
  external_abort,      ///< the memory answered a table access with an abort
  unsupported_atomic,  ///< the memory has no compare-and-swap where a descriptor must be updated
  configuration,       ///< the Config is refused by validate()
};

/// What was being translated, or accessed, when the fault arose (the CLASS of SMMUv3 events).
enum class FaultClass : std::uint8_t {
  input,  ///< the address of the request itself, or the IPA that stage 1 made of it
  table,  ///< a stage 1 table: an external abort on it, or any stage 2 fault or abort while its IPA is
          ///< translated
};

/// A fault, made once; each SMMU renders it into its own registers or records.
struct Fault {
  FaultKind kind = FaultKind::none;
  Stage stage = Stage::stage1;
  /// Level of the lookup at which it arose: -1 to 3; v7s: 1 or 2. For a fault of the input address 0, in
  /// AArch32 formats 1; for one of the first table's address 0.
  std::int8_t level = 0;
  FaultClass fault_class = FaultClass::input;
  std::uint8_t domain = 0;  ///< v7s: domain of the descriptor, where one was read
  AccessType access = AccessType::read;
  bool privileged = false;
  std::uint64_t va = 0;        ///< the request's address, untouched (tag included)
  bool on_table_walk = false;  ///< stage 2 was translating the address of a stage 1 table
  bool table_update = false;   ///< likewise, of a descriptor that was to be updated
  std::uint64_t ipa = 0;       ///< stage 2 faults: the IPA that faulted; else 0
  AddressSpace ipa_space = AddressSpace::non_secure;  ///< of that IPA
  std::uint64_t table_address =
      0;  ///< external abort, unsupported atomic: physical address of the access; else 0
  std::uint64_t table_ipa = 0;  ///< likewise, of stage 1's descriptor with both stages: its IPA; else 0
  Rights rights;                ///< permission: what the stage that denied does grant
};

/// The last descriptor of one stage. range_shift is larger than block_shift only where the Contiguous bit is
/// set and can be used: input and output address then agree in all bits below range_shift. The neighbours are
/// not read.
struct Leaf {
  bool valid = false;            ///< this stage was walked to its end
  std::int8_t level = 0;         ///< 0 to 3; -1 exists with 52-bit input sizes
  std::uint8_t block_shift = 0;  ///< log2 of the page or block
  std::uint8_t range_shift = 0;  ///< as block_shift, or log2 of the contiguous range
  std::uint64_t descriptor = 0;  ///< as it is in memory, byte order undone
};

/// A list of at most N values, uninitialised beyond its size: clearing it would cost more than the walk.
template <class Value, std::size_t N>
class WalkList {
 public:
  static constexpr std::size_t capacity = N;

  WalkList() {}  // NOLINT(modernize-use-equals-default,cppcoreguidelines-pro-type-member-init)
  WalkList(const WalkList& other) { *this = other; }  // NOLINT(cppcoreguidelines-pro-type-member-init)
  WalkList& operator=(const WalkList& other) {
    m_size = other.m_size;
    for (std::size_t i = 0; i < m_size; ++i) m_values[i] = other.m_values[i];
    return *this;
  }

  std::size_t size() const { return m_size; }
  bool empty() const { return m_size == 0; }
  Value operator[](std::size_t i) const { return m_values[i]; }  ///< i < size()
  const Value* begin() const { return m_values.data(); }
  const Value* end() const { return m_values.data() + m_size; }
  /// Adds a value; beyond the capacity, which no walk reaches, it is dropped.
  void add(const Value& value) {
    if (m_size < capacity) m_values[m_size++] = value;
  }

 private:
  std::uint8_t m_size = 0;
  std::array<Value, N> m_values;
};

/// Physical addresses of the descriptors that a walk read, in order; what caches knew was not read. The
/// longest walk is nested, from level -1 at both stages, with a leaf to update at each of the levels 0 to 3,
/// the first three of which somebody else makes a table meanwhile: 5 * (5 + 1) + 4 * 5 + 5.
using DescriptorTrace = WalkList<std::uint64_t, 55>;

/// A descriptor that a walk wrote: hardware update of the Access flag or dirty state.
struct DescriptorUpdate {
  std::uint64_t address;  ///< physical
  std::uint64_t before;
  std::uint64_t after;
  Stage stage;
  std::int8_t level;
};
/// In order. One leaf of stage 1, and one of stage 2 for each of its translations: 1 + 5 + 4 + 1.
using DescriptorUpdates = WalkList<DescriptorUpdate, 11>;

/// A translation, or the fault that took its place. With a fault only `fault`, `va`, `range`, `descriptors`
/// and `updates` are meaningful.
struct Result {
  Fault fault;
  std::uint64_t va = 0;    ///< the request's address
  std::uint8_t range = 0;  ///< stage 1: index of the TableConfig that was chosen
  bool nG = false;         ///< stage 1: not global, belongs to an ASID (never in el2 and el3)
  /// log2 of the region around va that this translation covers: the smaller of both stages' blocks, no more
  /// than an output size
  std::uint8_t block_shift = 0;
  std::uint8_t range_shift = 0;        ///< as block_shift, with the contiguous hint
  std::uint8_t domain = 0;             ///< v7s
  Rights rights;                       ///< all stages combined
  Rights stage1_rights;                ///< of stage 1 alone; every right where there is no stage 1
  Rights stage2_rights;                ///< of stage 2 alone; every right where there is no stage 2
  Attributes attributes;               ///< all stages combined
  Stage2Attributes stage2_attributes;  ///< as in the stage 2 leaf, for whoever combines them with an input's
  AddressSpace space = AddressSpace::non_secure;  ///< of the output address
  std::uint64_t output = 0;                       ///< output address of va itself, lowest bits included
  std::uint64_t ipa = 0;                          ///< nested: output address of stage 1
  Leaf stage1;
  Leaf stage2;
  DescriptorTrace descriptors;
  DescriptorUpdates updates;

  bool ok() const { return fault.kind == FaultKind::none; }
  /// First output address of the page or block.
  std::uint64_t block_output() const { return output & ~((std::uint64_t{1} << block_shift) - 1); }
};

/// "translation", "address size", ...: for texts only.
const char* to_string(FaultKind kind);
/// Where it arose: "stage 1 level 3", "stage 2 level 1, of a table". For texts only.
const char* place_words(const Fault& fault);

}  // namespace smmuvp::pgtable
