// Saving and restoring state: one visit() a component, used for both directions.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// What is wrong with saved data.
struct ArchiveError {
  std::string where;     ///< the item with the groups it is in, for example "smmuv3/engine/tlb"
  std::string what;      ///< what was found there
  std::string expected;  ///< may be empty, where `what` says it
};
/// "<where>: <what>, expected <expected>".
SMMUVP_EXPORT std::string to_text(const ArchiveError& error);

/// Visits named values in a fixed order. A component's visit(Archive&) names each piece of its state once;
/// an ArchiveWriter reads them, an ArchiveReader writes them. Values are stored little-endian with their
/// names, so that a reader of another layout fails with the name of the first difference.
class SMMUVP_EXPORT Archive {
 public:
  virtual ~Archive() = default;
  virtual bool loading() const = 0;

  /// Groups what follows, until the matching end(), under a name.
  void begin(std::string_view name) {
    tag(name, 'B');
    m_path.emplace_back(name);
  }
  void end() {
    tag("", 'E');
    if (!m_path.empty()) m_path.pop_back();
  }

  /// Any integer, enumeration or bool.
  template <class T>
  void value(std::string_view name, T& v) {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>, "use bytes(), text() or list() for others");
    std::uint64_t raw = static_cast<std::uint64_t>(v);
    number(name, raw);
    const T taken = static_cast<T>(raw);
    if (static_cast<std::uint64_t>(taken) != raw) {
      fail(name, "the value does not fit");
      return;
    }
    v = taken;
  }
  template <class T, std::size_t N>
  void value(std::string_view name, std::array<T, N>& values) {
    begin(name);
    for (T& v : values) value("", v);
    end();
  }
  /// A point in simulated time, in picoseconds. Saved as how far it lies ahead of set_now(), so that a
  /// simulation that loads it at another time goes on alike; what lies behind it is due now.
  void time(std::string_view name, std::uint64_t& ps) {
    std::uint64_t ahead = ps > m_now ? ps - m_now : 0;
    number(name, ahead);
    if (!loading()) return;
    if (ahead > ~m_now) {
      fail(name, "beyond the end of time");
      return;
    }
    ps = m_now + ahead;
  }
  /// A point in simulated time that may lie behind, and stays there: as far as simulated time does.
  void moment(std::string_view name, std::uint64_t& ps) {
    bool behind = ps < m_now;
    std::uint64_t distance = behind ? m_now - ps : ps - m_now;
    value("behind", behind);
    number(name, distance);
    if (loading()) ps = behind ? m_now - std::min(distance, m_now) : m_now + distance;
  }
  /// When this is saved or loaded. To be told before the first time(), by who saves and loads components:
  /// save_state() and load_state().
  void set_now(std::uint64_t ps) { m_now = ps; }
  std::uint64_t now() const { return m_now; }
  void text(std::string_view name, std::string& s);
  void bytes(std::string_view name, std::vector<std::uint8_t>& data) { blob(name, data); }

  /// What may be there or not, visited by visit_one(T&). While loading, it is replaced.
  template <class T, class F>
  void optional(std::string_view name, std::optional<T>& item, F visit_one) {
    begin(name);
    bool there = item.has_value();
    value("there", there);
    if (loading()) {
      item.reset();
      if (there) item.emplace();
    }
    if (item) visit_one(*item);
    end();
  }

  /// A list of T, each visited by visit_one(T&). While loading, `items` is replaced; at most `max` are taken.
  template <class List, class F>
  void list(std::string_view name, List& items, std::uint64_t max, F visit_one) {
    begin(name);
    std::uint64_t n = items.size();
    value("count", n);
    if (loading()) {
      if (n > max) {
        fail(name, "too many items");
        n = 0;
      }
      items.clear();
      items.resize(static_cast<std::size_t>(n));
    }
    for (auto& item : items) visit_one(item);
    end();
  }

  /// Marks the archive as unusable; the first failure is kept. Components call it for values out of range.
  void fail(std::string_view name, std::string_view what, std::string_view expected = {});
  bool ok() const { return !m_failure; }
  /// What went wrong first; none if nothing.
  const std::optional<ArchiveError>& failure() const { return m_failure; }
  /// The same as text; empty if nothing.
  std::string error() const { return m_failure ? to_text(*m_failure) : std::string(); }

 protected:
  virtual void tag(std::string_view name, char kind) = 0;
  virtual void number(std::string_view name, std::uint64_t& v) = 0;
  virtual void blob(std::string_view name, std::vector<std::uint8_t>& data) = 0;

 private:
  std::vector<std::string> m_path;
  std::optional<ArchiveError> m_failure;
  std::uint64_t m_now = 0;
};

/// Saves into memory.
class SMMUVP_EXPORT ArchiveWriter : public Archive {
 public:
  bool loading() const override { return false; }
  const std::vector<std::uint8_t>& data() const { return m_data; }

 protected:
  void tag(std::string_view name, char kind) override;
  void number(std::string_view name, std::uint64_t& v) override;
  void blob(std::string_view name, std::vector<std::uint8_t>& data) override;

 private:
  std::vector<std::uint8_t> m_data;
};

/// Loads from memory. Wrong or truncated data sets error(), after which values stay as they are.
class SMMUVP_EXPORT ArchiveReader : public Archive {
 public:
  explicit ArchiveReader(std::vector<std::uint8_t> data) : m_data(std::move(data)) {}
  bool loading() const override { return true; }
  /// True if everything was read and nothing was wrong.
  bool complete() const { return ok() && m_position == m_data.size(); }

 protected:
  void tag(std::string_view name, char kind) override;
  void number(std::string_view name, std::uint64_t& v) override;
  void blob(std::string_view name, std::vector<std::uint8_t>& data) override;

 private:
  bool header(std::string_view name, char kind);
  bool take(void* to, std::size_t n);

  std::vector<std::uint8_t> m_data;
  std::size_t m_position = 0;
};

}  // namespace smmuvp
