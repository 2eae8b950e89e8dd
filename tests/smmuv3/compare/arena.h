// Physical memory of a comparison.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <compare>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "model.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::compare {

/// An MSI that was written, or aborted.
struct SentMsi {
  std::uint64_t address = 0;
  std::uint32_t data = 0;
  std::uint8_t memory = 0;  ///< as a MAIR encoding
  std::uint8_t SH = 0;
  bool secure = false;  ///< PA space
  auto operator<=>(const SentMsi&) const = default;
};

/// An access that the SMMU has made for itself, and what it was labelled with.
struct Labelled {
  std::uint64_t place = 0;   ///< Arena::place()
  const char* purpose = "";  ///< ours
  unsigned PARTID = 0;
  unsigned PMG = 0;
  bool NS = false;
  bool same_label(const Labelled& other) const {
    return PARTID == other.PARTID && PMG == other.PMG && NS == other.NS;
  }
};

/// 256 KiB that repeat through the whole address space, so that whatever an address is, something lies there:
/// wild pointers meet structures and tables rather than nothing. Pages can be made to abort. Each PA space
/// has its own, the Secure one where there is one.
class Arena {
 public:
  static constexpr std::uint64_t bytes = 1ULL << 18;
  static constexpr std::uint64_t page = 0x1000;

  /// @param has_labels  accesses of the SMMU are kept for take_labelled()
  Arena(bool has_secure, bool has_labels) : m_bytes((has_secure ? 2 : 1) * bytes), m_has_labels(has_labels) {}

  std::uint64_t read(std::uint64_t address, unsigned size, bool secure = false) const {
    std::uint64_t v = 0;
    for (unsigned i = size; i-- > 0;) v = v << 8 | m_bytes[at(address + i, secure)];
    return v;
  }
  void write(std::uint64_t address, std::uint64_t value, unsigned size = 8, bool secure = false) {
    for (unsigned i = 0; i < size; ++i)
      m_bytes[at(address + i, secure)] = static_cast<std::uint8_t>(value >> 8 * i);
  }
  void set_abort(std::uint64_t address, bool aborts, bool secure = false) {
    m_aborts[at(address, secure) / page] = aborts;
  }
  bool aborts(std::uint64_t address, std::uint64_t size, bool secure) const {
    return m_aborts[at(address, secure) / page] || m_aborts[at(address + size - 1, secure) / page];
  }
  void clear_aborts() { m_aborts.reset(); }

  /// What our core asks of memory.
  smmu::MemoryAnswer carry_out(const smmu::MemoryOp& op) {
    smmu::MemoryAnswer a;
    a.time = op.time;
    const bool secure = op.space == smmu::AddressSpace::secure;
    if (m_has_labels)
      m_labelled.push_back({place(op.address, secure), op.purpose, op.mpam.partid, op.mpam.pmg,
                            op.mpam.space != smmu::AddressSpace::secure});
    if (std::string_view(op.purpose) == "MSI") {
      m_msis.push_back({op.address, static_cast<std::uint32_t>(smmu::load_word(op.data, 0)),
                        op.attributes.memory, static_cast<std::uint8_t>(op.attributes.SH), secure});
    }
    if (aborts(op.address, op.size, secure)) {
      a.status = smmu::MemoryStatus::external_abort;
      return a;
    }
    bool writes = op.kind == smmu::MemoryOpKind::write;
    if (!writes) {
      for (unsigned i = 0; i < op.size; ++i) a.data[i] = m_bytes[at(op.address + i, secure)];
      writes = op.kind == smmu::MemoryOpKind::compare_and_swap && smmu::load_word(a.data, 0) == op.expected;
    }
    if (writes) {
      for (unsigned i = 0; i < op.size; ++i) m_bytes[at(op.address + i, secure)] = op.data[i];
    }
    return a;
  }
  /// MSIs since the last call.
  std::vector<SentMsi> take_msis() { return std::exchange(m_msis, {}); }
  /// Accesses since the last call.
  std::vector<Labelled> take_labelled() { return std::exchange(m_labelled, {}); }
  bool has_labels() const { return m_has_labels; }
  void copy(const Arena& other) { m_bytes = other.m_bytes; }
  bool operator==(const Arena& other) const { return m_bytes == other.m_bytes; }
  /// Where something lies: an address, or, from `bytes` on, one of Secure memory.
  static std::uint64_t place(std::uint64_t address, bool secure) {
    return (address & (bytes - 1)) | (secure ? bytes : 0);
  }
  /// The first place at which they differ.
  std::uint64_t first_difference(const Arena& other) const {
    std::uint64_t i = 0;
    while (i < m_bytes.size() && m_bytes[i] == other.m_bytes[i]) ++i;
    return i;
  }

 private:
  static std::uint64_t at(std::uint64_t address, bool secure) { return place(address, secure); }
  std::vector<std::uint8_t> m_bytes;
  bool m_has_labels;
  std::bitset<2 * bytes / page> m_aborts;
  std::vector<SentMsi> m_msis;
  std::vector<Labelled> m_labelled;
};

/// The same memory as the naive model sees it.
class NaiveArena : public naive_smmuv3::Memory {
 public:
  using Space = naive_smmuv3::Space;

  explicit NaiveArena(Arena& arena) : m_arena(arena) {}
  std::optional<std::vector<std::uint8_t>> read_from(Space space, std::uint64_t address,
                                                     std::size_t size) override {
    const bool secure = space == Space::secure;
    label(address, secure);
    if (m_arena.aborts(address, size, secure)) return std::nullopt;
    if (size != 16 && !m_again) {  // a command
      for (std::uint64_t at = address; at < address + size; at += 8)
        m_read.push_back(Arena::place(at, secure));
    }
    std::vector<std::uint8_t> data(size);
    for (std::size_t i = 0; i < size; ++i) {
      data[i] = static_cast<std::uint8_t>(m_arena.read(address + i, 1, secure));
    }
    return data;
  }
  bool write_to(Space space, std::uint64_t address, const std::vector<std::uint8_t>& data) override {
    const bool secure = space == Space::secure;
    label(address, secure);
    if (m_arena.aborts(address, data.size(), secure)) return false;
    // 7.3.6 is a figure: where Span, R, W, X and PRIV stand in F_BAD_ATS_TREQ is not compared.
    const bool unplaced = data.size() == 32 && data[0] == 0x05;
    for (std::size_t i = 0; i < data.size(); ++i) {
      m_arena.write(address + i, unplaced && i / 8 == 1 ? 0U : data[i], 1, secure);
    }
    return true;
  }
  bool write_msi_to(Space space, std::uint64_t address, const std::vector<std::uint8_t>& data,
                    std::uint8_t attributes, naive_smmuv3::Shareability SH) override {
    std::uint32_t value = 0;
    for (std::size_t i = data.size(); i-- > 0;) value = value << 8 | data[i];
    m_msis.push_back({address, value, attributes, static_cast<std::uint8_t>(SH), space == Space::secure});
    return write_to(space, address, data);
  }
  std::vector<SentMsi> take_msis() { return std::exchange(m_msis, {}); }
  naive::Swap compare_and_swap_in(Space space, std::uint64_t address, const Word& expected,
                                  const Word& desired) override {
    const bool secure = space == Space::secure;
    label(address, secure);
    if (m_arena.aborts(address, 8, secure)) return naive::Swap::external_abort;
    for (unsigned i = 0; i < 8; ++i) {
      if (m_arena.read(address + i, 1, secure) != expected[i]) return naive::Swap::differs;
    }
    for (unsigned i = 0; i < 8; ++i) m_arena.write(address + i, desired[i], 1, secure);
    m_swapped.push_back(Arena::place(address, secure));
    return naive::Swap::done;
  }
  // What tells no space is not asked.
  std::optional<std::vector<std::uint8_t>> read(std::uint64_t, std::size_t) override { return std::nullopt; }
  bool write(std::uint64_t, const std::vector<std::uint8_t>&) override { return false; }
  naive::Swap compare_and_swap(std::uint64_t, const Word&, const Word&) override {
    return naive::Swap::external_abort;
  }
  void reads_again() override { m_again = true; }
  void labels_next(const naive_smmuv3::MpamLabel& label) override { m_label = label; }
  /// Accesses since the last call.
  std::vector<Labelled> take_labelled() { return std::exchange(m_labelled, {}); }
  void begin_access() {
    m_read.clear();
    m_swapped.clear();
    m_again = false;
  }
  /// Where words of 64 bits were read in this access: descriptors and structures.
  const std::vector<std::uint64_t>& words_read() const { return m_read; }
  /// Whether hardware has updated flags in this access.
  bool updated() const { return !m_swapped.empty(); }
  /// Whether it has in a descriptor that the access was translated by in two ways: a cache that knew the one
  /// may know it as it was before.
  bool updated_what_it_reads_twice() const {
    return std::any_of(m_swapped.begin(), m_swapped.end(),
                       [this](std::uint64_t at) { return std::count(m_read.begin(), m_read.end(), at) > 1; });
  }

 private:
  void label(std::uint64_t address, bool secure) {
    if (!m_arena.has_labels()) return;
    m_labelled.push_back({Arena::place(address, secure), "", m_label.PARTID, m_label.PMG, m_label.NS});
  }

  Arena& m_arena;
  naive_smmuv3::MpamLabel m_label;
  std::vector<Labelled> m_labelled;
  std::vector<std::uint64_t> m_read, m_swapped;  // of this access
  std::vector<SentMsi> m_msis;
  bool m_again = false;  // what is read counts already
};

}  // namespace smmuvp::compare
