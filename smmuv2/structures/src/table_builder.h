// Rows of the table of registers, made short.
#pragma once

#include <vector>

#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::smmuv2 {

/// Adds rows one after the other; what an instance has not got becomes RAZ/WI.
class TableBuilder {
 public:
  TableBuilder(const Features& features, std::vector<RegisterInfo>& table)
      : m_features(features), m_table(table) {}

  /// Where the offsets that follow count from, and how many elements the rows have, a page apart.
  void at(std::uint32_t base, std::uint32_t banks = 1) {
    m_base = base;
    m_banks = banks;
  }
  /// Adds a row, and returns it for what is special about it. Valid until the next one.
  RegisterInfo& add(Reg id, const char* name, std::uint32_t offset, unsigned bytes, Access access,
                    std::uint64_t write_mask, const char* clause) {
    RegisterInfo row{};
    row.id = id;
    row.name = name;
    row.offset = m_base + offset;
    row.bytes = static_cast<std::uint8_t>(bytes);
    row.access = access;
    row.write_mask = write_mask;
    row.clause = clause;
    row.count = m_banks;
    row.stride = m_banks > 1 ? m_features.page_bytes() : 0;
    row.guard = RegisterInfo::no_guard;
    row.alias_of = RegisterInfo::no_alias;
    m_table.push_back(row);
    return m_table.back();
  }
  RegisterInfo& ro(Reg id, const char* name, std::uint32_t offset, const char* clause,
                   std::uint64_t value = 0) {
    RegisterInfo& row = add(id, name, offset, 4, Access::RO, 0, clause);
    row.reset = value;
    return row;
  }
  RegisterInfo& rw(Reg id, const char* name, std::uint32_t offset, std::uint64_t mask, const char* clause,
                   unsigned bytes = 4) {
    return add(id, name, offset, bytes, mask == 0 ? Access::RO : Access::RW, mask, clause);
  }
  /// An operation. @param there  false: RAZ/WI
  RegisterInfo& wo(Reg id, const char* name, std::uint32_t offset, const char* clause, bool there = true,
                   unsigned bytes = 4) {
    const std::uint64_t all = bytes == 8 ? ~std::uint64_t{0} : 0xffff'ffff;
    return add(id, name, offset, bytes, there ? Access::WO : Access::RO, there ? all : 0, clause);
  }
  /// A copy for each Security state, if there are two.
  void bank(RegisterInfo& row) const {
    if (m_features.SES) row.bank = SecurityBank::Banked;
  }
  /// For Secure accesses. Without two Security states it is RAZ/WI.
  void secure(RegisterInfo& row) const {
    if (m_features.SES) {
      row.bank = SecurityBank::SecureOnly;
    } else {
      row.access = Access::RO;
      row.write_mask = row.reset = 0;
    }
  }

 private:
  const Features& m_features;
  std::vector<RegisterInfo>& m_table;
  std::uint32_t m_base = 0;
  std::uint32_t m_banks = 1;
};

void add_global_registers(const Features& features, std::vector<RegisterInfo>& table);
void add_monitor_registers(const Features& features, std::vector<RegisterInfo>& table);
void add_bank_registers(const Features& features, std::vector<RegisterInfo>& table);

}  // namespace smmuvp::smmuv2
