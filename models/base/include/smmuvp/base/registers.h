// The register file: a device declares its registers once, as data; this enforces their access policies.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/error.h"

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

/// One register, or an array of equal registers. Ids are the device's enum; each appears once.
struct RegisterInfo {
  std::uint16_t id;
  const char* name;      ///< the specification's name, verbatim; arrays end in "n"
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
};

/// Who accesses: decides which copy of a banked register is meant.
enum class AccessSecurity : std::uint8_t { NonSecure, Secure };

/// What a device does beyond storing values. Called once a register and access, however wide the access is.
class RegisterObserver {
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

/// Holds the values of a table of registers. Accesses of 1, 2, 4 or 8 bytes, naturally aligned: an 8-byte
/// access covers two adjacent 4-byte registers, low first; a narrow one covers a part of one.
class RegisterFile {
 public:
  /// @throws ConfigError if the table overlaps, repeats an id or is misaligned.
  RegisterFile(std::vector<RegisterInfo> table, RegisterObserver& observer);

  /// Software's accesses. Little-endian values; `bytes` is 1, 2, 4 or 8 and `offset` aligned to it, else
  /// Unmapped.
  RegisterHit read(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t& value);
  RegisterHit write(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t value);
  /// A debugger's read: what read() would give from storage, without side effects.
  RegisterHit peek(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t& value) const;

  /// The device's own accesses: no policy, no observer. Security matters for Banked registers only.
  std::uint64_t get(std::uint16_t id, std::uint32_t index = 0,
                    AccessSecurity s = AccessSecurity::NonSecure) const;
  void set(std::uint16_t id, std::uint64_t value, std::uint32_t index = 0,
           AccessSecurity s = AccessSecurity::NonSecure);

  /// All registers to their reset values.
  void reset();
  /// Changes what reset() gives, and the value now: for ID registers, computed from parameters.
  void set_reset(std::uint16_t id, std::uint64_t value);
  /// Changes which bits software's writes reach, for fields whose width or presence follows parameters.
  void set_write_mask(std::uint16_t id, std::uint64_t mask);

  const std::vector<RegisterInfo>& table() const { return m_table; }
  const RegisterInfo& info(std::uint16_t id) const { return m_table[m_by_id[id]]; }
  /// The register's name with its index, "GICD_ISENABLER3"; "" if none is at the offset.
  std::string name_at(std::uint32_t offset) const;
  void visit(Archive& archive);

 private:
  struct Found {
    std::size_t entry;
    std::uint32_t index;
    std::uint32_t start;  // byte offset of the register
  };
  bool find(std::uint32_t byte, Found& found) const;
  std::uint64_t& slot(std::size_t entry, std::uint32_t index, AccessSecurity s);
  template <class F>
  RegisterHit for_each_covered(std::uint32_t offset, unsigned bytes, F f) const;
  bool hidden(const RegisterInfo& info, AccessSecurity s) const {
    return info.bank == SecurityBank::SecureOnly && s == AccessSecurity::NonSecure;
  }

  std::vector<RegisterInfo> m_table;  // sorted by offset
  std::vector<std::size_t> m_first;   // m_table entry -> first slot in m_values
  std::vector<std::size_t> m_by_id;   // id -> m_table entry
  std::vector<std::uint64_t> m_values;
  RegisterObserver& m_observer;
};

}  // namespace smmuvp
