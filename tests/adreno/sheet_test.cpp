// docs/adreno.md says what the model has.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/adreno/packets.h"

namespace smmuvp {
namespace {

using Row = std::vector<std::string>;

/// Cells of all tables, by rows.
std::vector<Row> rows() {
  std::ifstream in(SMMUVP_SHEET);
  std::vector<Row> all;
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind("| ", 0) != 0) continue;
    Row row;
    std::stringstream cells(line.substr(1));
    std::string cell;
    while (std::getline(cells, cell, '|')) {
      const auto first = cell.find_first_not_of(' ');
      row.push_back(first == std::string::npos ? ""
                                               : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
    }
    all.push_back(std::move(row));
  }
  return all;
}

std::string text(Access access) {
  switch (access) {
    case Access::RO:
      return "RO";
    case Access::RW:
      return "RW";
    case Access::WO:
      return "WO";
    default:
      return "?";
  }
}

TEST(AdrenoSheet, ListsEachRegisterWithItsPlaceItsResetAndItsSource) {
  Diag diag(nullptr, "gpu0");
  const AdrenoCore core({}, diag);
  std::map<std::string, Row> listed;
  for (const Row& row : rows()) {
    if (row.size() >= 7 && (row[3] == "RW" || row[3] == "RO" || row[3] == "WO")) listed[row[2]] = row;
  }
  for (const RegisterInfo& r : core.registers().table()) {
    ASSERT_EQ(listed.count(r.name), 1U) << r.name;
    const Row& row = listed[r.name];
    EXPECT_EQ(std::stoul(row[0], nullptr, 0) * 4, r.offset) << r.name;
    EXPECT_EQ(std::stoul(row[1], nullptr, 0), r.offset) << r.name;
    EXPECT_EQ(row[3], text(r.access)) << r.name;
    EXPECT_EQ(std::stoul(row[4], nullptr, 0), core.registers().reset_value(r.id)) << r.name;
    EXPECT_NE(row[5], "") << r.name << " has no source";
    listed.erase(r.name);
  }
  for (const auto& [name, row] : listed) ADD_FAILURE() << name << " is in no model";
}

std::string words(const adreno::PacketInfo& p) {
  if (p.min == 0 && p.max == adreno::max_words) return "any";
  if (p.min == p.max) return std::to_string(p.min);
  if (p.step == 1) return std::to_string(p.min) + " to " + std::to_string(p.max);
  std::string all;
  for (unsigned n = p.min; n <= p.max; n += p.step) {
    all += (all.empty() ? "" : n + p.step > p.max ? " or " : ", ") + std::to_string(n);
  }
  return all;
}

TEST(AdrenoSheet, ListsEachPacketWithItsOpcodeItsWordsAndItsSource) {
  std::map<std::string, Row> listed;
  for (const Row& row : rows()) {
    if (row.size() >= 5 && row[1].rfind("CP_", 0) == 0 && row[0].rfind("0x", 0) == 0) listed[row[1]] = row;
  }
  for (const adreno::PacketInfo& p : adreno::packets()) {
    ASSERT_EQ(listed.count(p.name), 1U) << p.name;
    const Row& row = listed[p.name];
    EXPECT_EQ(std::stoul(row[0], nullptr, 0), p.opcode) << p.name;
    EXPECT_EQ(row[2], words(p)) << p.name;
    EXPECT_NE(row[3], "") << p.name << " has no source";
    EXPECT_EQ(row[4].find("from the ring only") != std::string::npos, p.ring_only) << p.name;
    listed.erase(p.name);
  }
  for (const auto& [name, row] : listed) ADD_FAILURE() << name << " is in no model";
}

}  // namespace
}  // namespace smmuvp
