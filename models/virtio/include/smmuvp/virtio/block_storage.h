// Where a block device's sectors are.
#pragma once
#include <cstdint>
#include <string>

#include "smmuvp/base/error.h"

namespace smmuvp {

/// Bytes of a disk. The size never changes. Ranges that do not lie inside [0, size()) fail.
class BlockStorage {
 public:
  virtual ~BlockStorage() = default;
  virtual std::uint64_t size() const = 0;  ///< bytes
  /// @return false if not all bytes could be read.
  virtual bool read(std::uint64_t offset, std::uint8_t* to, std::uint32_t bytes) = 0;
  /// @return false if not all bytes could be written; some may have been.
  virtual bool write(std::uint64_t offset, const std::uint8_t* from, std::uint32_t bytes) = 0;
  /// What was written before is on stable storage afterwards. @return false if that failed.
  virtual bool flush() = 0;
  /// Why the last call failed, for a message; may be empty.
  virtual std::string why() const { return {}; }
};

/// A regular file of the host, used in place. While the object lives the file is locked (F_OFD_SETLK):
/// against all others, or against writers if it is opened for reading only. The lock is advisory, and
/// released with the process.
class FileStorage : public BlockStorage {
 public:
  /// @throws ConfigError (key "image") if there is no such regular file, it may not be opened in this way,
  /// another FileStorage of any process has it and one of the two writes, or its size is 0 or no multiple of
  /// 512.
  FileStorage(const std::string& path, bool read_only);
  ~FileStorage() override;
  FileStorage(const FileStorage&) = delete;
  FileStorage& operator=(const FileStorage&) = delete;

  std::uint64_t size() const override { return m_size; }
  bool read(std::uint64_t offset, std::uint8_t* to, std::uint32_t bytes) override;
  bool write(std::uint64_t offset, const std::uint8_t* from, std::uint32_t bytes) override;
  bool flush() override;
  std::string why() const override { return m_why; }

 private:
  bool inside(std::uint64_t offset, std::uint32_t bytes);
  bool said(bool ok);

  int m_fd = -1;
  std::uint64_t m_size = 0;
  std::string m_path;
  std::string m_why;
};

}  // namespace smmuvp
