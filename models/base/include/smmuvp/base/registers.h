// The register file: a device declares its registers once, as data; this enforces their access policies.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/export.h"

namespace smmuvp {

/// What software's reads and writes do.
enum class Access : std::uint8_t {
  RO,   ///< writes are ignored
  RW,   ///< bits of RegisterInfo::write_mask are written, the others keep their value (RES0, RAZ/WI, RO)
  WO,   ///< as RW, but reads as zero; the device sees each write
  W1C,  ///< writing 1 to a bit of write_mask clears it
  AckMirror,  ///< RO to software; follows the bits of another register that the device has acknowledged
};

/// Which copies there are, and who sees them.
enum class SecurityBank : std::uint8_t {
  Common,      ///< one copy for both
  Banked,      ///< one copy for Secure, one for Non-secure accesses, at the same offset
  SecureOnly,  ///< one copy; RAZ/WI to Non-secure accesses
};

/// Which copy of a Banked register an alias shows.
enum class AliasCopy : std::uint8_t {
  AsAccessed,  ///< the one that the access would reach at the register's own offset
  NonSecure,   ///< always the Non-secure copy, as SMMUv2's SMMU_NSxxx registers do
  Secure,      ///< always the Secure copy
};

/// One register, or an array of registers, or a view (alias) of either. Ids are the device's enum; each
/// appears once. Elements of an array are equal until RegisterFile::set_policy() or set_reset() tells them
/// apart.
struct RegisterInfo {
  std::uint16_t id;
  const char* name;      ///< the specification's name, verbatim; arrays end in "n", or have "n_"
  std::uint32_t offset;  ///< from the start of the register window, aligned to `bytes`
  std::uint8_t bytes;    ///< 4 or 8
  Access access;
  std::uint64_t reset;       ///< value after reset
  std::uint64_t write_mask;  ///< bits that software's writes reach; RES0 and read-only bits are 0
  const char* clause;        ///< document and clause
  SecurityBank bank = SecurityBank::Common;
  std::uint32_t count = 1;   ///< array length
  std::uint32_t stride = 0;  ///< bytes between array elements; 0 means `bytes`
  /// Writes are ignored while (guard register's value & guard_mask) != 0. no_guard for none.
  std::uint16_t guard = 0xffff;
  std::uint64_t guard_mask = 0;
  static constexpr std::uint16_t no_guard = 0xffff;
  /// Makes this row an alias: it stores nothing, and its element k is element alias_index + k of row
  /// alias_of. Access, write mask, guard and who sees it (`bank`) are its own; width and reset are the other
  /// row's, so `reset` is 0 here. An alias of an alias shows what that one shows.
  std::uint16_t alias_of = 0xffff;
  std::uint32_t alias_index = 0;
  AliasCopy alias_copy = AliasCopy::AsAccessed;
  static constexpr std::uint16_t no_alias = 0xffff;
};

/// What software of one security state may do with one register.
struct RegisterPolicy {
  Access access = Access::RO;
  std::uint64_t write_mask = 0;
  /// RAZ/WI if not. What neither security state sees is not there: accesses are Unmapped.
  bool visible = true;
};

/// Who accesses: decides which copy of a banked register is meant.
enum class AccessSecurity : std::uint8_t { NonSecure, Secure };

/// What a device does beyond storing values. Called once a register and access, however wide the access is.
/// An access to an alias names the register it shows: its id, its index, and the security state of its copy.
class SMMUVP_EXPORT RegisterObserver {
 public:
  virtual ~RegisterObserver() = default;
  /// Software reads. @return the value to give, usually `stored`. Side effects of reads go here; not called
  /// by peek().
  virtual std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                                      std::uint64_t stored) {
    (void)id, (void)index, (void)security;
    return stored;
  }
  /// Software has written, and the policy let it through.
  /// @param old      value before
  /// @param value    stored value after the policy
  /// @param written  the raw bits software wrote (bits outside `lanes` are 0)
  /// @param lanes    which bits the access covered
  virtual void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                                std::uint64_t old, std::uint64_t value, std::uint64_t written,
                                std::uint64_t lanes) {
    (void)id, (void)index, (void)security, (void)old, (void)value, (void)written, (void)lanes;
  }
  /// A write met a register whose guard was set, and was ignored.
  virtual void register_write_ignored(std::uint16_t id, std::uint32_t index) { (void)id, (void)index; }
};

/// What an access met.
enum class RegisterHit : std::uint8_t {
  Hit,       ///< at least one byte belongs to a register
  Unmapped,  ///< no register there: RAZ/WI
};

/// Where an offset is in a table of registers.
struct Located {
  std::uint16_t id;     ///< the row's own id, which for an alias is not the id of what it shows
  std::uint32_t index;  ///< in the row's array
  std::uint8_t offset;  ///< from the register's first byte
  std::uint8_t bytes;   ///< the register's width
};

/// Holds the values of a table of registers. Accesses of 1, 2, 4 or 8 bytes, naturally aligned: an 8-byte
/// access covers two adjacent 4-byte registers, low first; a narrow one covers a part of one. An access costs
/// the same in a table of any size: a page index leads from the offset to the register, whose policy stands
/// beside it.
class SMMUVP_EXPORT RegisterFile {
 public:
  /// @throws ConfigError if rows overlap, are misaligned, repeat an id, or if an alias or a guard leads
  /// nowhere.
  RegisterFile(std::vector<RegisterInfo> table, RegisterObserver& observer);

  // ---- software's accesses

  /// Little-endian values; `bytes` is 1, 2, 4 or 8 and `offset` aligned to it, else Unmapped.
  RegisterHit read(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t& value);
  RegisterHit write(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t value);
  /// A debugger's read: what read() would give from storage, without side effects.
  RegisterHit peek(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t& value) const;
  /// The register that the byte at the offset belongs to, whoever sees it; none if nobody does.
  std::optional<Located> locate(std::uint32_t offset) const {
    const Cell* cell = cell_at(offset);
    if (cell == nullptr) return std::nullopt;
    return Located{cell->id, cell->index, static_cast<std::uint8_t>(offset & (cell->bytes - 1U)),
                   cell->bytes};
  }
  /// The register's name with its index, "GICD_ISENABLER3"; "" if none is at the offset. For texts: makes a
  /// string each time.
  std::string name_at(std::uint32_t offset) const;

  // ---- the device's own accesses: no policy, no observer

  /// Ids are those of the table, indexes below the row's count. Security matters for Banked registers only.
  /// An alias gives what it shows.
  std::uint64_t get(std::uint16_t id, std::uint32_t index = 0,
                    AccessSecurity s = AccessSecurity::NonSecure) const {
    return m_values[cell_of(id, index).side(s).slot];
  }
  void set(std::uint16_t id, std::uint64_t value, std::uint32_t index = 0,
           AccessSecurity s = AccessSecurity::NonSecure) {
    m_values[cell_of(id, index).side(s).slot] = value;
  }
  /// All registers to their reset values. Policies stay.
  void reset();

  // ---- what differs from the table

  /// Changes what reset() gives, and the value now: for ID registers, computed from parameters. All elements,
  /// both copies; or one element, in which the copies of a Banked register may differ.
  /// @throws ConfigError for an alias, which has no reset of its own.
  void set_reset(std::uint16_t id, std::uint64_t value);
  void set_reset(std::uint16_t id, std::uint64_t value, std::uint32_t index, AccessSecurity s);
  /// What reset() gives.
  std::uint64_t reset_value(std::uint16_t id, std::uint32_t index = 0,
                            AccessSecurity s = AccessSecurity::NonSecure) const {
    return m_resets[cell_of(id, index).side(s).slot];
  }
  /// Changes which bits software's writes reach in all elements, for fields whose width or presence follows
  /// parameters.
  void set_write_mask(std::uint16_t id, std::uint64_t mask);
  /// One element's policy for accesses of one security state. Changes at any time, from an observer call too,
  /// and counts from the next register on. An alias has policies of its own.
  void set_policy(std::uint16_t id, std::uint32_t index, AccessSecurity s, const RegisterPolicy& policy);
  RegisterPolicy policy(std::uint16_t id, std::uint32_t index, AccessSecurity s) const {
    const Side& side = cell_of(id, index).side(s);
    return {side.access, side.write_mask, side.visible};
  }

  /// Sorted by offset, as declared, with the row-wide set_reset() and set_write_mask() in it.
  const std::vector<RegisterInfo>& table() const { return m_table; }
  const RegisterInfo& info(std::uint16_t id) const { return m_table[m_rows[id].entry]; }
  /// Values, and the policies and resets of single elements. What was set for whole rows follows parameters,
  /// and is not saved.
  void visit(Archive& archive);

 private:
  /// What an access of one security state meets in a register.
  struct Side {
    std::uint64_t write_mask = 0;
    std::uint32_t slot = 0;  // in m_values
    Access access = Access::RO;
    bool visible = true;
    AccessSecurity copy = AccessSecurity::NonSecure;  // what the observer hears
  };
  /// One element of a row, with all that an access needs.
  struct Cell {
    Side sides[2];  // by AccessSecurity
    std::uint16_t id = 0;
    std::uint16_t target = 0;  // id and index of what an alias shows, else its own
    std::uint32_t index = 0;
    std::uint32_t target_index = 0;
    std::uint16_t guard = RegisterInfo::no_guard;
    std::uint8_t bytes = 0;
    const Side& side(AccessSecurity s) const { return sides[static_cast<unsigned>(s)]; }
    Side& side(AccessSecurity s) { return sides[static_cast<unsigned>(s)]; }
  };
  /// An element whose policy or reset is not its row's.
  struct Change {
    std::uint16_t id = 0;
    std::uint32_t index = 0;
    AccessSecurity security = AccessSecurity::NonSecure;
    RegisterPolicy policy;
    std::uint64_t reset = 0;
  };
  /// Where a row is, by its id.
  struct Row {
    std::uint32_t entry;  // in m_table
    std::uint32_t first;  // in m_cells
  };
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
  static constexpr unsigned page_shift = 12;
  static constexpr std::uint32_t page_words = 1U << (page_shift - 2);

  bool knows(std::uint16_t id) const { return id < m_rows.size() && m_rows[id].entry != nowhere; }
  const Cell& cell_of(std::uint16_t id, std::uint32_t index) const {
    return m_cells[m_rows[id].first + index];
  }
  Cell& cell_of(std::uint16_t id, std::uint32_t index) { return m_cells[m_rows[id].first + index]; }
  const Cell* cell_at(std::uint32_t offset) const {
    const std::uint32_t page = offset >> page_shift;
    if (page >= m_pages.size()) return nullptr;
    const std::uint32_t number = m_words[m_pages[page] + (offset >> 2 & (page_words - 1))];
    return number == 0 ? nullptr : &m_cells[number - 1];
  }
  template <class F>
  RegisterHit for_each_covered(std::uint32_t offset, unsigned bytes, F f) const;
  static std::string element_name(const RegisterInfo& info, std::uint32_t index);
  static std::uint32_t start_of(const RegisterInfo& info, std::uint32_t index);
  static RegisterPolicy declared(const RegisterInfo& info, AccessSecurity s);
  void apply(Cell& cell, AccessSecurity s, const RegisterPolicy& policy);
  std::uint32_t& word_at(std::uint32_t offset) {
    return m_words[m_pages[offset >> page_shift] + (offset >> 2 & (page_words - 1))];
  }
  std::vector<Change> changes() const;
  void take(const std::vector<Change>& list);

  // The layout, made once (register_layout.cpp).
  void add_rows();
  void resolve(std::uint32_t entry, std::vector<std::uint8_t>& state);
  void check_guards() const;
  void index_words();

  std::vector<RegisterInfo> m_table;   // sorted by offset
  std::vector<Row> m_rows;             // by id
  std::vector<Cell> m_cells;           // a row's elements stand together
  std::vector<std::uint32_t> m_pages;  // page of the window -> its first word in m_words; 0 is the empty page
  std::vector<std::uint32_t> m_words;  // 4 bytes of the window -> cell + 1; 0 if no register is there
  std::vector<std::uint64_t> m_values;
  std::vector<std::uint64_t> m_resets;
  RegisterObserver& m_observer;
};

}  // namespace smmuvp
