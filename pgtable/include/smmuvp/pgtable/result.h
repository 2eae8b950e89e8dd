// What a walk answers: a translation or a fault, with all its facts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/config.h"

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

enum class Stage : std::uint8_t { stage1 = 1, stage2 = 2 };

/// What was being translated, or accessed, when the fault arose (the CLASS of SMMUv3 events).
enum class FaultClass : std::uint8_t {
  input,  ///< the address of the request itself
  table,  ///< the address of a table: stage 2 fault or external abort on a table access
};

/// A fault, made once; each SMMU renders it into its own registers or records.
struct Fault {
  FaultKind kind = FaultKind::none;
  Stage stage = Stage::stage1;
  /// Level of the lookup at which it arose. 0 also for a fault of the input address or of the first table's
  /// address.
  std::int8_t level = 0;
  FaultClass fault_class = FaultClass::input;
  std::uint8_t domain = 0;  ///< v7s: domain of the descriptor, where one was read
  AccessType access = AccessType::read;
  bool privileged = false;
  std::uint64_t va = 0;             ///< the request's address, untouched (tag included)
  std::uint64_t ipa = 0;            ///< stage 2 faults: the IPA that faulted; else 0
  std::uint64_t table_address = 0;  ///< class table: physical address of the table access; else 0
};

/// Memory attributes, as encoded by the architecture.
struct Attributes {
  std::uint8_t memory = 0;                        ///< a MAIR byte (the combined one after a nested walk)
  Shareability SH = Shareability::non_shareable;  ///< as in the descriptor (stage 1 alone)
};

/// Shareability that takes effect: Device and Normal Non-cacheable memory are Outer Shareable whatever SH
/// says (DDI 0487 D8.6, unverified clause). A reserved SH value is left as it is.
constexpr Shareability effective_shareability(Attributes attributes) {
  const bool device = (attributes.memory & 0xf0U) == 0;
  const bool non_cacheable = attributes.memory == 0x44;
  return device || non_cacheable ? Shareability::outer : attributes.SH;
}

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

/// Physical addresses of the descriptors that a walk read, in order. A nested VMSAv8-64 walk from level -1 at
/// both stages reads 5 * (5 + 1) + 5.
class DescriptorTrace {
 public:
  static constexpr std::size_t capacity = 35;

  // The addresses stay uninitialised: clearing them would cost more than the walk.
  DescriptorTrace() {}  // NOLINT(modernize-use-equals-default,cppcoreguidelines-pro-type-member-init)
  DescriptorTrace(const DescriptorTrace& other) {
    *this = other;
  }  // NOLINT(cppcoreguidelines-pro-type-member-init)
  DescriptorTrace& operator=(const DescriptorTrace& other) {
    m_size = other.m_size;
    for (std::size_t i = 0; i < m_size; ++i) m_address[i] = other.m_address[i];
    return *this;
  }

  std::size_t size() const { return m_size; }
  bool empty() const { return m_size == 0; }
  std::uint64_t operator[](std::size_t i) const { return m_address[i]; }  ///< i < size()
  const std::uint64_t* begin() const { return m_address.data(); }
  const std::uint64_t* end() const { return m_address.data() + m_size; }
  /// Adds an address; beyond the capacity, which no walk reaches, it is dropped.
  void add(std::uint64_t address) {
    if (m_size < capacity) m_address[m_size++] = address;
  }

 private:
  std::uint8_t m_size = 0;
  std::array<std::uint64_t, capacity> m_address;
};

/// A translation, or the fault that took its place. With a fault only `fault`, `va`, `range`, `descriptors`
/// and `descriptors_written` are meaningful.
struct Result {
  Fault fault;
  std::uint64_t va = 0;          ///< the request's address
  std::uint8_t range = 0;        ///< stage 1: index of the TableConfig that was chosen
  bool nG = false;               ///< stage 1: not global, belongs to an ASID
  std::uint8_t block_shift = 0;  ///< log2 of the region around va that this translation covers (all stages)
  std::uint8_t range_shift = 0;  ///< as block_shift, with the contiguous hint
  std::uint8_t domain = 0;       ///< v7s
  Rights rights;
  Attributes attributes;
  AddressSpace space = AddressSpace::non_secure;  ///< of the output address
  std::uint64_t output = 0;                       ///< output address of va itself, lowest bits included
  std::uint64_t ipa = 0;                          ///< nested: output address of stage 1
  Leaf stage1;
  Leaf stage2;
  std::uint8_t descriptors_written = 0;  ///< hardware updates made
  DescriptorTrace descriptors;

  bool ok() const { return fault.kind == FaultKind::none; }
  /// First output address of the page or block.
  std::uint64_t block_output() const { return output & ~((std::uint64_t{1} << block_shift) - 1); }
};

/// "translation", "address size", ...: for texts only.
const char* to_string(FaultKind kind);

}  // namespace smmuvp::pgtable
